// Cancel, retry and note: of a whole group, or of the runs that were chosen.

import {html, useEffect, useState} from "../core/html.js";
import {ask, path} from "../core/api.js";
import {count, number, range} from "../core/dates.js";
import {Dialog, Do, Progress, usePreview, useSteps} from "./dialog.js";
import {Note, Warnings} from "./pieces.js";
import {AsRequest} from "./request.js";

const STEP = 100; // runs of one request
const PREVIEW = 500, PREVIEWS = 20; // runs of one dry run, and how many of these are counted together

const NAMES = {cancel: "Cancel", retry: "Retry", note: "Note on"};
const VERBS = {cancel: "cancelled", retry: "started again", note: "noted"};

/** @param chosen the ids of some of the group's runs; left out for all of them. */
export function ActionDialog({action, group, chosen, close, done}) {
  const [body, setBody] = useState({cancel: {running: false}, retry: {which: group.states.failed && group.states.failed === group.cancelled ? "cancelled" : "failed"}, note: {note: ""}}[action]);
  const set = (changes) => setBody((old) => ({...old, ...changes}));
  const send = (more, signal) => post(group, action, {...tidy(body), ...more}, signal);
  const lacks = action === "note" && !body.note.trim();
  const preview = usePreview((signal) => (lacks ? null : dryRun(send, chosen, signal)), JSON.stringify(body));
  const steps = useSteps(async (place) => {
    const [some, rest] = chosen ? [(place ?? chosen).slice(0, STEP), (place ?? chosen).slice(STEP)] : [];
    const got = await send(chosen ? {run_ids: some} : {limit: STEP, start: place ?? 0});
    const next = chosen ? (rest.length ? rest : null) : got.next_start;
    return {done: got.dag_run_ids.length, next, warnings: got.warnings};
  }, done);
  const found = preview.value;
  const runs = found ? `${number(found.runs)}${found.more ? "+" : ""} ${found.runs === 1 ? "run" : "runs"}` : "";
  const title = `${NAMES[action]} ${chosen ? count(chosen.length, "run") + " of " : ""}${group.prefix}`;
  const words = !found || !found.runs ? NAMES[action] : `${action === "note" ? "Put it on" : NAMES[action]} ${runs}`;
  return html`<${Dialog} title=${title} close=${close} busy=${steps.busy}
      footer=${html`<${Do} steps=${steps} words=${words} danger=${action === "cancel"} disabled=${!found?.runs || preview.waits}/>`}>
    <fieldset disabled=${steps.busy} hidden=${steps.over}>
      ${action === "cancel" ? html`<${CancelFields} body=${body} set=${set} group=${group}/>` : null}
      ${action === "retry" ? html`<${RetryFields} body=${body} set=${set} group=${group} chosen=${chosen}/>` : null}
      ${action === "note" ? html`<label class="field-of">Note, shown on each run in place of the one that is there
        <textarea rows="3" maxlength="1000" value=${body.note} onInput=${(event) => set({note: event.target.value})}></textarea></label>` : null}</fieldset>
    ${steps.over ? html`<p role="status"><b>${count(steps.done, "run")}</b> ${VERBS[action]}.</p><${Warnings} of=${steps.warnings}/>` : html`
      <p class="preview" aria-live="polite">${lacks ? "Write a note." : found ? sentence(action, found, runs) : preview.error ? "" : "Looking what it would do…"}</p>
      ${preview.error ? html`<${Note} kind="error">${preview.error.message}<//>` : null}
      ${found && !steps.busy ? html`<${Warnings} of=${found.warnings}/>` : null}
      <${Progress} steps=${steps} total=${found?.runs ?? 0} verb=${VERBS[action]}/>`}
    <${AsRequest} path=${pathOf(group, action)} body=${chosen ? {...tidy(body), run_ids: chosen} : tidy(body)} name=${action}
      terminal=${chosen ? {run_ids: chosen} : {dag_id: group.dag_id, prefix: group.prefix, ...tidy(body)}}/><//>`;
}

const pathOf = ({dag_id, prefix}, action) => path`groups/${dag_id}/${prefix}/${action}`;
const post = (group, action, body, signal) => ask(pathOf(group, action), {method: "POST", body, signal});
const tidy = (body) => Object.fromEntries(Object.entries(body).filter(([, value]) => value !== "" && value !== "both" && value?.length !== 0).filter(([key, value]) => key !== "running" || value));

/** Say to which runs it would be done, without doing it. */
async function dryRun(send, chosen, signal) {
  const ids = [], warnings = new Set();
  let place = chosen ?? 0, looks = 0;
  do {
    const got = await send(chosen ? {run_ids: place.slice(0, PREVIEW), dry_run: true} : {limit: PREVIEW, start: place, dry_run: true}, signal);
    ids.push(...got.dag_run_ids);
    got.warnings.forEach((words) => warnings.add(words));
    place = chosen ? (place.length > PREVIEW ? place.slice(PREVIEW) : null) : got.next_start;
    looks += 1;
  } while (place !== null && looks < PREVIEWS);
  const dates = ids.map((id) => id.slice(id.lastIndexOf("_") + 1)).filter((date) => /^\d{4}-/.test(date)).sort();
  return {runs: ids.length, more: place !== null, first: dates[0], last: dates.at(-1), warnings: [...warnings]};
}

const utc = (date) => (date ? `${date}Z` : null);

function sentence(action, {runs: n, first, last}, runs) {
  if (!n) return {cancel: "No run to cancel.", retry: "No run to start again.", note: "No run to put it on."}[action];
  const dates = first ? `, ${range(utc(first), utc(last))},` : "";
  const is = n === 1 ? "is" : "are";
  return html`<b>${runs}</b>${dates} ${{cancel: `${is} cancelled and ${n === 1 ? "ends" : "end"} as failed`, retry: `${is} queued again`, note: `${n === 1 ? "gets" : "get"} the note`}[action]}.`;
}

function CancelFields({body, set, group}) {
  const {running} = group.states;
  return html`<label class="check"><input type="checkbox" checked=${body.running} onChange=${(event) => set({running: event.target.checked})}/>
    <span>Also the runs that have started${running ? html` (<b>${number(running)}</b> are running)` : ""}</span></label>`;
}

const WHICH = {
  failed: "Failed by themselves", cancelled: "Were cancelled", both: "Both", all: "All that have ended, from their start",
};

/** Count the runs in which each task has failed, among the chosen ones or the first 500 that have failed. */
function useFailedTasks({dag_id, prefix}, chosen) {
  const [tasks, show] = useState([]);
  useEffect(() => {
    const given = new AbortController(), counts = new Map();
    ask(`${path`groups/${dag_id}/${prefix}/runs`}?state=failed&limit=500`, {signal: given.signal}).then(({dag_runs: runs}) => {
      for (const {run_id: id, failed_task_ids: failed} of runs) if (!chosen || chosen.includes(id)) for (const task of failed) counts.set(task, (counts.get(task) ?? 0) + 1);
      show([...counts].sort());
    }, () => {});
    return () => given.abort();
  }, []);
  return tasks;
}

function Tasks({tasks, chosen = [], set}) {
  const pick = (task) => set({tasks: chosen.includes(task) ? chosen.filter((one) => one !== task) : [...chosen, task]});
  return html`<details><summary>Only some tasks</summary><div role="group" aria-label="Tasks that have failed">${tasks.map(([task, runs]) => html`
      <label class="check" key=${task}><input type="checkbox" checked=${chosen.includes(task)} onChange=${() => pick(task)}/><span>${task} <b>${number(runs)}</b></span></label>`)}</div>
    <small class="hint">With all that is downstream of them. None chosen: all that have failed.</small></details>`;
}

function RetryFields({body, set, group, chosen}) {
  const {states, cancelled = 0} = group, tasks = useFailedTasks(group, chosen);
  const counts = {failed: states.failed - cancelled, cancelled, both: states.failed, all: states.failed + states.success};
  return html`<div class="choices" role="radiogroup" aria-label="Which runs">${Object.entries(WHICH).map(([which, words]) => html`
      <label class="check" key=${which}><input type="radio" name="which" checked=${body.which === which} onChange=${() => set({which})}/>
        <span>${words} <b>${number(counts[which])}</b></span></label>`)}</div>
    ${tasks.length ? html`<${Tasks} tasks=${tasks} chosen=${body.tasks} set=${set}/>` : null}
    <details><summary>More</summary><div class="pair">
      <label class="field-of">Pace<input placeholder="20/PT10M" value=${body.pace ?? ""} onInput=${(event) => set({pace: event.target.value.trim()})}/></label>
      <label class="field-of">Version of the DAG<select value=${String(body.run_on_latest_version ?? "")} onChange=${({target}) => set({run_on_latest_version: target.value && target.value === "true"})}>
        <option value="">as Airflow is configured</option><option value="true">the latest</option><option value="false">that of each run</option></select></label></div></details>`;
}
