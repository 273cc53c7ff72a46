"""The options of airflow.cfg, from the settings."""

from airflow_run_groups.entrypoints.settings import ENVIRONMENT_PREFIX, OPTIONS, SECTION
from reference.markdown import code, table


def page() -> str:
    """Describe each option under its name."""
    parts = [
        f"""# Configuration options

Options of the section `[{SECTION}]` of `airflow.cfg`. [Configuration](../configuration.md) explains how they work together, and the file of tokens."""
    ]
    for name, option in OPTIONS.items():
        default = "none" if option.default is None else code(option.default)
        facts = [
            ["environment variable", code(f"{ENVIRONMENT_PREFIX}{name.upper()}")],
            ["type", option.kind],
            ["default", default],
        ]
        if option.sensitive:
            facts.append(["secret", "masked in Airflow's output; also read in the forms `_cmd` and `_secret`"])
        parts += [f"## `{name}`", " ".join(option.description.replace("``", "`").split()), table(["", ""], facts)]
    return "\n\n".join(parts) + "\n"
