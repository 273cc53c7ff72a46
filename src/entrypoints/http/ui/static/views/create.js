// A new group: on the one side what is asked for, on the other what it would do, date by date, as one types.

import {html, useEffect, useMemo, useState} from "../core/html.js";
import {ask, query} from "../core/api.js";
import {useApp} from "../core/app.js";
import {DAY, wall, zone} from "../core/dates.js";
import {bodyOf, forget, keep, startForm} from "../parts/draft.js";
import {DagField, useDag} from "../parts/dag_field.js";
import {Pace, StopAfter} from "../parts/rules.js";
import {Go, Head, mayNot} from "../parts/pieces.js";
import {Plan} from "../parts/plan.js";

export function Create() {
  const app = useApp(), at = app.at();
  const [form, setForm] = useState(() => startForm(asked(at), app.dag ?? at.dag));
  const [own, setOwn] = useState(Boolean(form.prefix)); // a prefix that is proposed gives way to another DAG's
  const set = (changes) => setForm((old) => {
    const next = {...old, ...changes};
    keep(next);
    return next;
  });
  const field = (key) => ({name: key, value: form[key], onInput: (event) => set({[key]: event.target.value})});
  useEffect(() => {
    if (own || !form.dag_id) return undefined;
    const given = new AbortController();
    ask(`groups?${query({dag_id: form.dag_id, limit: 100})}`, {signal: given.signal}).then(({groups}) => set({prefix: free(groups)}), () => {});
    return () => given.abort();
  }, [form.dag_id]);
  const why = mayNot(useDag(form.dag_id)?.may, "create");
  const body = useMemo(() => bodyOf(form), [form, zone()]);
  const made = () => {
    forget();
    app.go({dag: body.dag_id, group: form.prefix.replace(/_$/, "") || "manual"});
  };
  return html`<${Head} title="New group" trail=${[html`<${Go} to=${{dag: app.dag ? undefined : at.dag}}>Groups<//>`]}/>
    <div class="two"><form class="fields" onSubmit=${(event) => event.preventDefault()} aria-label="New group">
      ${app.dag ? null : html`<${DagField} value=${form.dag_id} change=${(dag_id) => set({dag_id})}/>`}
      <label class="field-of">Prefix<input spellcheck=${false} autocomplete="off" ...${field("prefix")} onInput=${(event) => { setOwn(true); set({prefix: event.target.value}); }}/>
        <small>The name of the group: its run ids are ${form.prefix || "…"}_0000001_<i>date</i>.</small></label>
      <${Dates} form=${form} set=${set} field=${field}/>
      <div class="pair"><label class="field-of">Order<select ...${field("order")}><option value="">oldest date first</option><option value="desc">newest date first</option></select></label>
        <label class="field-of">At once, at most<input type="number" min="1" max="10000" placeholder="as the DAG" ...${field("max_active_runs")}/><small>max_active_runs of the group</small></label></div>
      <${Pace} value=${form.pace} change=${(pace) => set({pace})}/>
      <label class="field-of">Dates that have a run<select ...${field("reprocess_behavior")}><option value="">leave them alone</option><option value="failed">run the failed ones again</option><option value="completed">run all that have ended again</option></select></label>
      <label class="field-of">Note on each run<textarea rows="2" maxlength="1000" ...${field("note")}></textarea></label>
      <${More} form=${form} set=${set} field=${field}/></form>
    <${Plan} body=${body} made=${made} why=${why}/></div>`;
}

/** What a link to the form says: a prefix to go on with, or a range to fill. */
function asked({prefix, from, to, after, reprocess_behavior, dates}) {
  const next = after && new Date(Math.floor(wall(after) / DAY) * DAY + DAY).toISOString().slice(0, 10);
  return {prefix, from: from ?? next, to, reprocess_behavior, dates: dates?.replaceAll(" ", "\n"), by: dates ? "list" : undefined, new_group: prefix ? "false" : undefined};
}

function free(groups) {
  const taken = new Set(groups.map(({prefix}) => prefix));
  let name = "redo";
  for (let n = 2; taken.has(name); n += 1) name = `redo${n}`;
  return name;
}

function Dates({form, set, field}) {
  const choice = (by, words) => html`<label class="check"><input type="radio" name="by" checked=${form.by === by} onChange=${() => set({by})}/><span>${words}</span></label>`;
  return html`<fieldset class="dates"><legend>Dates <span class="muted">in ${zone()}</span></legend>
    <div class="inline">${choice("range", "a range")}${choice("list", "a list")}</div>
    ${form.by === "list" ? html`<textarea rows="4" aria-label="Dates, one a line" placeholder=${"2025-02-01\n2025-02-03T12:00Z"} spellcheck=${false} ...${field("dates")}></textarea>` : html`
      <div class="pair">${[["from", "From"], ["to", "To"]].map(([key, words]) => html`<div key=${key} class="field-of"><label for=${key}>${words}</label>
        <input type="date" id=${key} ...${field(key)}/><input type="time" aria-label=${`${words}, time`} ...${field(`${key}_time`)}/></div>`)}</div>
      <small class="muted">Both are included; without a time, whole days. An empty end is now. Without dates, one run now.</small>`}</fieldset>`;
}

/** The rarer parameters. */
function More({form, set, field}) {
  const text = (key, words, hint, more = {}) => html`<label class="field-of">${words}<input spellcheck=${false} autocomplete="off" ...${field(key)} ...${more}/>${hint ? html`<small>${hint}</small>` : null}</label>`;
  const json = (key, words, placeholder) => html`<label class="field-of">${words}<textarea class="code" rows="2" spellcheck=${false} placeholder=${placeholder} ...${field(key)}></textarea></label>`;
  const choose = (key, words, options) => html`<label class="field-of">${words}<select ...${field(key)}>${options.map(([value, name]) => html`<option key=${value} value=${value}>${name}</option>`)}</select></label>`;
  return html`<details class="more"><summary>More</summary><div class="fields">
    <label class="field-of">Not before<input type="datetime-local" ...${field("not_before")}/><small>No run starts earlier.</small></label>
    <label class="check"><input type="checkbox" checked=${form.paused} onChange=${(event) => set({paused: event.target.checked})}/><span>Paused: no run starts until the group is resumed</span></label>
    <${StopAfter} value=${form.stop_after} change=${(stop_after) => set({stop_after})}/>
    ${choose("new_group", "If the group exists", [["true", "refuse"], ["false", "add to it"], ["", "add to it, with a warning"]])}
    ${text("limit", "At most so many runs", "The first ones, 1 to 500. Empty: all of them, in steps.", {type: "number", min: 1, max: 500})}
    ${text("interval", "Interval, for a DAG without a schedule", "Between two dates: a duration such as PT6H, or a cron expression.")}
    ${json("conf", "Configuration of every run, JSON", '{"colour": "red"}')}
    ${json("conf_per_run", "Merged over it for each run, JSON", '{"file": "prices/{logical_date}.csv"}')}
    <div class="pair">${choose("run_type", "Run type", [["", "the one that costs no scheduled run"], ["manual", "manual"], ["backfill", "backfill"]])}
      ${text("bundle_version", "Bundle version")}</div>
    ${text("description", "Description of the group", null, {maxlength: 1000})}
    ${text("labels", "Labels, separated by commas")}
    ${text("notify", "Notify by a connection of Airflow", "Such as data_team, or data_team:end,first_failure.")}</div></details>`;
}
