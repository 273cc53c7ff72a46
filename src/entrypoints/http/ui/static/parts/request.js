// "As a request": the same with curl and in a terminal, to be copied.

import {html} from "../core/html.js";
import {path as address, service} from "../core/api.js";
import {Copy} from "./pieces.js";

const quoted = (text) => `'${String(text).replaceAll("'", "'\\''")}'`;

const curl = (method, path, body) =>
  `curl${method === "POST" ? "" : ` -X ${method}`} -H "authorization: Bearer $TOKEN" -H 'content-type: application/json' \\\n  -d ${quoted(JSON.stringify(body))} \\\n  ${quoted(new URL(path, service))}`;

/** The options of the terminal for the keys of a body; a key that is not here has no option, and needs curl. */
const OPTIONS = {
  dag_id: "--dag-id", prefix: "--prefix", start_date: "--from-date", end_date: "--to-date", dates: "--date", interval: "--interval",
  conf: "--dag-run-conf", conf_per_run: "--conf-per-run", note: "--note", bundle_version: "--bundle-version", not_before: "--not-before",
  pace: "--pace", stop_after: "--stop-after", max_active_runs: "--max-active-runs", run_type: "--run-type", limit: "--limit", which: "--which",
  description: "--description", labels: "--label", tasks: "--task", notify: "--notify",
};
const FLAGS = {
  order: {desc: "--run-backwards"}, paused: {true: "--paused"}, new_group: {true: "--new-group"}, running: {true: "--running"},
  run_on_latest_version: {true: "--run-on-latest-version", false: "--run-on-original-version"},
};
const SILENT = new Set(["partial", "plan_id"]); // the terminal does these by itself

const textOf = (key, value) => {
  if (key === "stop_after") return value.failed ?? `${value.failed_percent}%/${value.of_at_least}`;
  if (key === "notify") return [value.connection_id, value.on].filter(Boolean).join(":");
  return typeof value === "object" ? JSON.stringify(value) : value;
};

/** Return the command for a body, or null when a key of it has no option. */
export function command(name, body) {
  const words = [];
  for (const [key, value] of Object.entries(body)) {
    if (SILENT.has(key) || (key === "order" && value === "asc" && name === "create")) continue;
    if (name === "change" && key === "order") words.push(`--order ${value}`);
    else if (name === "change" && value === null && ["pace", "max_active_runs", "stop_after", "description", "labels"].includes(key)) words.push(`--no-${key.replaceAll("_", "-")}`);
    else if (FLAGS[key]) { if (FLAGS[key][value]) words.push(FLAGS[key][value]); }
    else if (OPTIONS[key]) words.push(...[value].flat().map((one) => `${OPTIONS[key]} ${quoted(textOf(key, one))}`));
    else return null;
  }
  return [`airflow-groups ${name} --url ${quoted(service.origin)}`, ...words].join(" \\\n  ");
}

export function AsRequest({method = "POST", path, body, name, terminal = body}) {
  const words = command(name, terminal);
  return html`<details class="request"><summary>As a request</summary>
    <${Copy} label="curl" text=${curl(method, path, body)}/>${words ? html`<${Copy} label="Terminal" text=${words}/>` : null}</details>`;
}

/** How to watch a group without the page. */
export function GroupRequest({dag, prefix}) {
  const url = new URL(address`groups/${dag}/${prefix}`, service);
  return html`<details class="request"><summary>As a request</summary>
    <${Copy} label="curl" text=${`curl -H "authorization: Bearer $TOKEN" ${quoted(url)}`}/>
    <${Copy} label="Terminal" text=${command("wait", {dag_id: dag, prefix})}/></details>`;
}
