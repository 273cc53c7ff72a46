"""The lines of the list of commands, short enough for a terminal of 80 columns."""

SHORT_HELP = {
    "plan": "Show what create would do.",
    "create": "Create a group of runs.",
    "fill": "Create missing runs, rerun failed ones.",
    "status": "Show how far a group is.",
    "wait": "Wait until all runs of a group have ended.",
    "cancel": "Cancel the queued runs of a group: they end as failed.",
    "retry": "Let failed and cancelled runs of a group run again.",
    "pause": "Let no queued run of a group start.",
    "resume": "Let the runs of a paused group start again.",
    "change": "Change cap, pace, order or stop of a group.",
    "release": "Resume all paused groups.",
    "note": "Put a note on each run of a group.",
    "list": "List groups, or the runs of a group.",
    "coverage": "Show which dates of a DAG are missing.",
    "dags": "List the DAGs.",
    "me": "Show who you are to the service.",
}
