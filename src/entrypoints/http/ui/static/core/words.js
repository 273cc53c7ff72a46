// The words of the page for what the service names by a word.

/** Why a group is not going on (`waiting_for`): a sentence, and whether it passes by itself. */
export const WAITING = {
  dag_paused: ["The DAG is paused: its queued runs do not start.", false],
  dag_stale: ["No file defines the DAG any more: its queued runs do not start until the file is back.", false],
  group_paused: ["The group is paused: its queued runs do not start until it is resumed.", false],
  previous_run: ["Tasks wait for a run before them that has ended without doing them.", false],
  group_cap: ["The group is at its cap: queued runs start as others end.", true],
  run_after: ["Some queued runs may not start yet.", true],
  dag_max_active_runs: ["The DAG is at its max_active_runs: queued runs start as others end.", true],
  scheduler: ["The scheduler has not started the next run yet.", true],
};

/** What a plan does about a date (`action`). */
export const ACTIONS = {
  create: "new",
  rerun: "runs again",
  exists: "exists",
  left_out: "beyond the limit",
  not_yet: "not due yet",
  no_tasks: "no tasks",
};

/** What became of a date (`status` of a coverage). */
export const STATUSES = {
  success: "success",
  failed: "failed",
  running: "running",
  queued: "queued",
  missing: "missing",
  not_yet: "not due yet",
  before_start: "before the DAG starts",
  after_end: "after the DAG ends",
  no_tasks: "no tasks",
};

/** The sign within a cell, so that nothing is said by colour alone; the other kinds differ by their fill and border. */
export const SIGNS = {
  failed: "×", running: "▸", queued: "·", create: "+", rerun: "↻",
};
