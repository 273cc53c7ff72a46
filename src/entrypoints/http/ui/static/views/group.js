// One group: how far it is, why it is not going on, and each of its runs.

import {html, useMemo, useRef, useState} from "../core/html.js";
import {ask, path} from "../core/api.js";
import {useApp} from "../core/app.js";
import {ahead, away, count, day, lasting, number, percent, range} from "../core/dates.js";
import {useLive} from "../core/live.js";
import {linesOf, Runs} from "../core/runs.js";
import {WAITING} from "../core/words.js";
import {deeds, GroupDialog} from "../parts/deeds.js";
import {AirflowLink, Bar, Chips, Go, Head, mayNot, Note, segments, Trouble} from "../parts/pieces.js";
import {Dialog} from "../parts/dialog.js";
import {GroupRequest} from "../parts/request.js";
import {ruleInWords} from "../parts/rules.js";
import {Strip} from "../parts/strip.js";

export function Group() {
  const app = useApp(), {dag, group: prefix} = app.at();
  const [early, setEarly] = useState({}); // what is there before all runs are
  const runs = useRef();
  runs.current ??= new Runs(dag, prefix);
  const kept = useRef();
  const live = useLive(async (signal) => {
    const {group} = await ask(path`groups/${dag}/${prefix}`, {signal});
    setEarly((old) => ({...old, group}));
    const all = await runs.current.update(group, signal, (some) => setEarly({group, runs: some}));
    if (kept.current?.group !== group || kept.current.runs !== all) kept.current = {group, runs: all};
    return kept.current;
  }, ({group}) => group.states.queued + group.states.running > 0, app.isShown);
  const {group, runs: shown} = live.value ?? early;
  const [dialog, setDialog] = useState(null);
  const act = (action, chosen) => setDialog({action, chosen});
  const isGone = live.error?.status === 404;
  return html`
    <${Head} title=${prefix} trail=${[html`<${Go} to=${{}}>Groups<//>`, app.dag ? null : html`<${AirflowLink} steps=${["dags", dag]}>${dag}<//>`]}>
      ${group && !isGone ? html`<${Buttons} group=${group} act=${act}/>` : null}<//>
    <${Trouble} error=${live.error} stale=${group && !isGone}/>
    ${!group && !live.error ? html`<p class="muted" role="status">Loading…</p>` : null}
    ${group && !isGone ? html`<${Waiting} group=${group}/><${Bar} group=${group} big/><${Facts} group=${group}/>
      <${RunsByDate} group=${group} runs=${shown ?? NONE} act=${act}/>
      <${GroupRequest} dag=${dag} prefix=${prefix}/>` : null}
    ${dialog ? html`<${GroupDialog} ...${dialog} group=${group} close=${() => setDialog(null)} done=${live.refresh}/>` : null}`;
}

const NONE = [];

function Buttons({group, act}) {
  const why = mayNot(group.may, "change");
  return html`${deeds(group).map(([action, words, idle]) => html`<button key=${action} type="button" class=${action === "cancel" ? "danger" : ""} disabled=${why || idle} title=${why || idle || undefined} onClick=${() => act(action)}>${words}…</button>`)}
    <${Go} class="button" to=${{view: "new", dag: group.dag_id, prefix: group.prefix, after: group.last_logical_date}} why=${mayNot(group.may, "create")}>Add dates<//>`;
}

/** Why it is not going on: what has to be done by somebody stands out, what passes by itself is told. */
function Waiting({group}) {
  const words = (group.waiting_for ?? []).map((word) => [word, ...(WAITING[word] ?? [word.replaceAll("_", " "), true])]);
  const told = (word, text) => {
    if (word === "previous_run" && group.previous_run_id) return html`${text} <${AirflowLink} steps=${["dags", group.dag_id, "runs", group.previous_run_id]}>${group.previous_run_id}<//>`;
    if (word === "dag_paused") return html`${text} <${AirflowLink} steps=${["dags", group.dag_id]}>${group.dag_id}<//>`;
    if (word === "group_paused" && group.control?.stopped) return `The group has paused by itself after ${ruleInWords(group.control.stopped.rule)} runs: its queued runs do not start until it is resumed.`;
    if (word === "group_paused" && group.control?.paused_by) return `${text} ${group.control.paused_by} paused it.`;
    return text;
  };
  const passing = words.filter(([, , passes]) => passes), lasting = words.filter(([, , passes]) => !passes);
  return html`${lasting.map(([word, text]) => html`<${Note} key=${word}>${told(word, text)}<//>`)}
    ${passing.length ? html`<p class="waits muted" role="status">${passing.map(([, text]) => text).join(" ")}</p>` : null}`;
}

function Facts({group}) {
  const {control, states} = group;
  const facts = [
    ["Done", percent(group.done ?? 0)],
    ["Runs", number(group.runs)],
    ["Dates", range(group.first_logical_date, group.last_logical_date)],
    ["Ends", ending(group)],
    ["Rate", group.runs_per_minute ? `${number(group.runs_per_minute)} runs/min` : null],
    ["At once", atOnce(group)],
    ["Longest wait", group.oldest_queued_seconds ? lasting(group.oldest_queued_seconds) : null],
    ["Paused", control?.paused_at ? `${away(control.paused_at)}${control.paused_by ? ` by ${control.paused_by}` : ""}` : null],
    ["Pauses by itself", control?.stop_after ? `after ${ruleInWords(control.stop_after)}` : null],
    ["Not under control", group.uncontrolled_runs ? count(group.uncontrolled_runs, "run") : null],
    ["Created", group.created_at ? `${away(group.created_at)}${group.created_by ? ` by ${group.created_by}` : ""}` : null, group.created_at && day(group.created_at)],
    ["Cancelled", group.cancelled ? `${number(group.cancelled)} of ${count(states.failed, "failed run")}` : null],
    ["Notifies", group.notify?.connection_id ?? null],
    ["Labels", group.labels?.length || Object.keys(group.labels ?? {}).length ? labels(group.labels) : null],
  ];
  return html`<dl class="facts">${facts.filter(([, value]) => value !== null && value !== "").map(([name, value, title]) => html`<div key=${name}><dt>${name}</dt><dd title=${title ?? undefined}>${value}</dd></div>`)}</dl>
    ${[group.description, group.note].filter(Boolean).map((words) => html`<p class="said">${words}</p>`)}`;
}

const labels = (all) => (Array.isArray(all) ? all : Object.entries(all).map(([name, value]) => `${name}: ${value}`)).map((one) => html`<span class="badge" key=${one}>${one}</span> `);

function ending(group) {
  if (group.expected_end) return html`<span title=${day(group.expected_end)}>${ahead(group.expected_end)}</span>`;
  if (!(group.states.queued + group.states.running)) return "has ended";
  return group.control?.paused ? "when it is resumed" : "not known yet";
}

function atOnce({control, max_active_runs: ofDag}) {
  if (control?.max_active_runs_from === "group") return `${number(control.max_active_runs)}, of its own`;
  return ofDag ? `${number(ofDag)}, with the DAG's others` : null;
}

function RunsByDate({group, runs, act}) {
  const app = useApp();
  const [only, setOnly] = useState(null);
  const [selected, select] = useState(new Set());
  const [opened, setOpened] = useState(null);
  const items = useMemo(() => runs.map((run) => itemOf(run, group.dag_id, app)), [runs]);
  const open = (item, event) => {
    if (item.href) {
      if (event.type === "keydown") event.ctrlKey || event.metaKey ? window.open(item.href) : followKey(app, item);
      else app.follow(event, ...item.steps);
    } else setOpened(item.run);
  };
  const chosen = runs.filter((run) => selected.has(run.run_id)).map((run) => run.run_id);
  const missing = group.runs - runs.length;
  return html`<section aria-labelledby="runs-by-date"><div class="over"><h2 id="runs-by-date">Runs by date</h2>
      <${Chips} label="Show only" chosen=${only} choose=${setOnly} kinds=${segments(group).map(([kind, n]) => [kind, kind, n])}/></div>
    <${Strip} items=${items} label="Runs by date" only=${only} selected=${selected} select=${select} open=${open}/>
    ${missing > 0 && runs.length ? html`<p class="muted" role="status">${count(missing, "more run")} to load…</p>` : null}
    <p class="hint muted">${items[0]?.href ? "Click a cell to open its run. " : ""}Drag, or hold Shift, to choose runs.</p>
    ${chosen.length ? html`<${Chosen} runs=${chosen} group=${group} act=${act} clear=${() => select(new Set())}/>` : null}
    ${opened ? html`<${RunDialog} run=${opened} close=${() => setOpened(null)}/>` : null}</section>`;
}

function followKey(app, item) {
  if (app.element.navigate) app.element.navigate(`/${item.steps.map(encodeURIComponent).join("/")}`);
  else location.assign(item.href);
}

function itemOf(run, dag, app) {
  const steps = ["dags", dag, "runs", run.run_id];
  return {
    key: run.run_id, date: run.logical_date, kind: run.cancelled ? "cancelled" : run.state, run, steps, href: app.airflowHref(...steps),
    get words() { return linesOf(run, day(run.logical_date) || "no date"); }, // of 10,000 runs few are ever read
  };
}

function Chosen({runs, group, act, clear}) {
  const why = mayNot(group.may, "change");
  return html`<div class="chosen" role="region" aria-label="Chosen runs"><span aria-live="polite"><b>${number(runs.length)}</b> chosen</span>
    ${["retry", "cancel", "note"].map((action) => html`<button key=${action} type="button" disabled=${why} title=${why} onClick=${() => act(action, runs)}>${action[0].toUpperCase() + action.slice(1)}…</button>`)}
    <button type="button" class="plain" onClick=${clear}>Clear</button></div>`;
}

/** All that is known of a run, where no Airflow is there to show it. */
function RunDialog({run, close}) {
  return html`<${Dialog} title=${run.run_id} close=${close}><dl class="facts">
    ${[["Date", day(run.logical_date)], ["State", run.cancelled ? "failed, cancelled" : run.state], ["Type", run.run_type], ["Started", day(run.start_date)], ["Ended", day(run.end_date)],
      ["Failed tasks", run.failed_task_ids?.join(", ")], ["Note", run.note]].filter(([, value]) => value).map(([name, value]) => html`<div key=${name}><dt>${name}</dt><dd>${value}</dd></div>`)}</dl><//>`;
}
