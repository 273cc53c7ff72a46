// Pause, resume, cap and pace of a group while it runs, and what is said of it.

import {html, useState} from "../core/html.js";
import {ask, path} from "../core/api.js";
import {count, number, withOffset} from "../core/dates.js";
import {Dialog, Do, usePreview, useSteps} from "./dialog.js";
import {Note, Warnings} from "./pieces.js";
import {Pace, ruleOf, splitLabels, StopAfter, textsOf} from "./rules.js";
import {AsRequest} from "./request.js";

const FIXED = {pause: {paused: true}, resume: {paused: false}};

export function ControlDialog({action, group, close, done}) {
  const [form, setForm] = useState({cap: group.control?.max_active_runs_from === "group" ? String(group.control.max_active_runs) : "", order: "", pace: "", not_before: "", repace: false, stop_after: textsOf(group.control?.stop_after), description: group.description ?? "", labels: labelsOf(group)});
  const set = (changes) => setForm((old) => ({...old, ...changes}));
  const body = FIXED[action] ?? (action === "about" ? about : limits)(form, group);
  const at = path`groups/${group.dag_id}/${group.prefix}`;
  const isEmpty = !Object.keys(body).length;
  const preview = usePreview((signal) => (isEmpty ? null : ask(at, {method: "PATCH", body: {...body, dry_run: true}, signal})), JSON.stringify(body));
  const steps = useSteps(async () => {
    const got = await ask(at, {method: "PATCH", body});
    return {done: got.changed_runs, next: null, warnings: got.warnings};
  }, (result) => {
    done(result);
    close();
  });
  const found = preview.value;
  const name = {pause: "Pause", resume: "Resume", limits: "Cap and pace of", about: "Describe"}[action];
  const waiting = found ? count(found.group.states.queued, "queued run") : "";
  const words = {pause: `Pause ${waiting}`, resume: `Resume ${waiting}`, limits: found?.changed_runs ? `Change ${count(found.changed_runs, "run")}` : "Apply", about: "Save"}[action];
  return html`<${Dialog} title=${`${name} ${group.prefix}`} close=${close} busy=${steps.busy}
      footer=${html`<${Do} steps=${steps} words=${words.trim()} disabled=${isEmpty || !found || preview.waits}/>`}>
    ${action === "limits" ? html`<${Fields} form=${form} set=${set} group=${group}/>` : null}
    ${action === "about" ? html`<${AboutFields} form=${form} set=${set}/>` : null}
    <p class="preview" aria-live="polite">${isEmpty ? "Nothing is changed yet." : found ? sentence(action, found) : preview.error ? "" : "Looking what it would do…"}</p>
    ${[preview.error, steps.error].filter(Boolean).map((error) => html`<${Note} kind="error">${error.message}<//>`)}
    <${Warnings} of=${found?.warnings}/>
    <${AsRequest} method="PATCH" path=${at} body=${body} name=${{pause: "pause", resume: "resume", limits: "change", about: "change"}[action]}
      terminal=${{dag_id: group.dag_id, prefix: group.prefix, ...(FIXED[action] ? {} : body)}}/><//>`;
}

function sentence(action, {group, changed_runs: changed}) {
  if (action === "about") return "It is shown with the group, and changes no run.";
  const {queued, running} = group.states;
  const goOn = running ? ` ${count(running, "run")} that ${running === 1 ? "has" : "have"} started ${running === 1 ? "goes" : "go"} on.` : "";
  if (action === "pause") return html`<b>${count(queued, "queued run")}</b> ${queued === 1 ? "does" : "do"} not start until the group is resumed.${goOn}`;
  if (action === "resume") return html`<b>${count(queued, "queued run")}</b> may start again, as Airflow has room.`;
  const cap = group.control?.max_active_runs_from === "group" ? ` At most ${number(group.control.max_active_runs)} of the group run at once, beside the DAG's other runs.` : "";
  const moved = changed || !cap ? html`<b>${count(changed, "run")}</b> ${changed === 1 ? "is" : "are"} changed.` : null;
  return html`${moved}${cap}`;
}

/** Only what differs from how the group is: a key that is left out changes nothing, and null restores the default. */
function limits({cap, order, pace, not_before, repace, stop_after}, group) {
  const had = group.control?.max_active_runs_from === "group" ? group.control.max_active_runs : null;
  const body = {};
  if (cap !== String(had ?? "")) body.max_active_runs = cap === "" ? null : Number(cap);
  if (repace) Object.assign(body, {pace: pace || null, not_before: not_before ? withOffset(Date.parse(`${not_before}Z`)) : null});
  if (order) body.order = order;
  if (JSON.stringify(stop_after) !== JSON.stringify(textsOf(group.control?.stop_after))) body.stop_after = ruleOf(stop_after);
  return body;
}

const labelsOf = ({labels}) => (labels ?? []).join(", ");

function about({description, labels}, group) {
  const body = {};
  if (description.trim() !== (group.description ?? "")) body.description = description.trim() || null;
  if (labels !== labelsOf(group)) body.labels = splitLabels(labels).length ? splitLabels(labels) : null;
  return body;
}

function AboutFields({form, set}) {
  return html`<div class="fields"><label class="field-of">Description of the group<textarea name="description" rows="3" maxlength="1000" value=${form.description} onInput=${(event) => set({description: event.target.value})}></textarea></label>
    <label class="field-of">Labels, separated by commas<input name="labels" value=${form.labels} onInput=${(event) => set({labels: event.target.value})}/></label></div>`;
}

function Fields({form, set, group}) {
  return html`<div class="fields">
    <label class="field-of">At once, at most<input type="number" min="1" max="10000" inputmode="numeric" value=${form.cap} placeholder=${`as the DAG: ${group.max_active_runs ?? "…"}`}
      onInput=${(event) => set({cap: event.target.value})}/><small>Runs of the group, beside the DAG's other runs. Empty: no cap of its own.</small></label>
    <label class="check"><input type="checkbox" checked=${form.repace} onChange=${(event) => set({repace: event.target.checked})}/><span>Set anew when queued runs start</span></label>
    ${form.repace ? html`<${Pace} value=${form.pace} change=${(pace) => set({pace})}/>
      <label class="field-of">Not before<input type="datetime-local" value=${form.not_before} onInput=${(event) => set({not_before: event.target.value})}/><small>Empty: from now on.</small></label>` : null}
    <label class="field-of">Order<select value=${form.order} onChange=${(event) => set({order: event.target.value})}>
      <option value="">as it is</option><option value="asc">oldest date first</option><option value="desc">newest date first</option></select></label>
    <${StopAfter} value=${form.stop_after} change=${(stop_after) => set({stop_after})}/></div>`;
}
