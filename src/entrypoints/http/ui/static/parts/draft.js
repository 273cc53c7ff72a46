// What is typed into the form of a new group: kept by the tab, so that signing in again loses nothing of it.

import {NO_RULE, ruleOf, splitLabels} from "./rules.js";
import {withOffset} from "../core/dates.js";

const KEY = "airflow-run-groups.draft";

export const EMPTY = {
  dag_id: "", prefix: "", by: "range", from: "", from_time: "", to: "", to_time: "", dates: "", order: "", pace: "", not_before: "", note: "",
  reprocess_behavior: "", max_active_runs: "", paused: false, new_group: "true", limit: "", interval: "", conf: "", conf_per_run: "", run_type: "",
  bundle_version: "", description: "", labels: "", notify: "", stop_after: NO_RULE,
};

/** Return the form as the address asks for it, or else as it was left for this DAG. */
export function startForm(asked, dag) {
  const kept = read();
  const wanted = Object.fromEntries(Object.entries(asked).filter(([key, value]) => key in EMPTY && value));
  if (kept && (!dag || kept.dag_id === dag) && Object.entries(wanted).every(([key, value]) => kept[key] === value)) return kept;
  return {...EMPTY, ...wanted, dag_id: dag ?? ""};
}

function read() {
  try {
    return {...EMPTY, ...JSON.parse(sessionStorage.getItem(KEY) ?? "")};
  } catch {
    return null;
  }
}

export const keep = (form) => sessionStorage.setItem(KEY, JSON.stringify(form));
export const forget = () => sessionStorage.removeItem(KEY);

/** Return the body of the request that a form means. Dates are in the chosen time zone, and a last day is taken whole. */
export function bodyOf(form) {
  const {by, from, from_time, to, to_time, dates, conf, conf_per_run, new_group, paused, not_before, labels, notify, stop_after, ...plain} = form;
  const body = {};
  for (const [key, value] of Object.entries(plain)) if (value !== "") body[key] = ["limit", "max_active_runs"].includes(key) ? Number(value) : value;
  if (by === "range") {
    if (from) body.start_date = at(from, from_time || "00:00");
    if (to) body.end_date = at(to, to_time || "23:59:59");
  } else body.dates = dates.split(/[\s,;]+/).filter(Boolean);
  if (not_before) body.not_before = at(...not_before.split("T"));
  if (paused) body.paused = true;
  if (new_group) body.new_group = new_group === "true";
  if (conf.trim()) body.conf = parsed(conf);
  if (conf_per_run.trim()) body.conf_per_run = parsed(conf_per_run);
  if (ruleOf(stop_after)) body.stop_after = ruleOf(stop_after);
  const [connection_id, on] = notify.trim().split(":");
  if (connection_id) body.notify = {connection_id, on: on?.split(",")};
  if (labels.trim()) body.labels = splitLabels(labels);
  return body;
}

const at = (date, time) => withOffset(Date.parse(`${date}T${time}Z`));

/** What is no JSON is sent as it stands, for the service to say so. */
function parsed(text) {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}
