// Whether the past of a DAG is complete: each date of its schedule, and what became of it.

import {html, useMemo, useRef, useState} from "../core/html.js";
import {ask, query} from "../core/api.js";
import {useApp} from "../core/app.js";
import {count, day, DAY, number, percent, wall, withOffset} from "../core/dates.js";
import {useLive} from "../core/live.js";
import {STATUSES} from "../core/words.js";
import {DagField, useDag} from "../parts/dag_field.js";
import {AirflowLink, Chips, Go, Head, mayNot, Trouble} from "../parts/pieces.js";
import {Strip} from "../parts/strip.js";

const DAYS = 90;
const PAGES = 10; // of 10,000 dates each

const dayOf = (at) => new Date(wall(at)).toISOString().slice(0, 10);

export function Coverage() {
  const app = useApp(), {dag = "", from = dayOf(Date.now() - DAYS * DAY), to = dayOf(Date.now())} = app.at();
  const change = (changes) => app.go({view: "coverage", dag, from, to, ...changes}, {replace: true});
  return html`<${Head} title="Coverage" trail=${[html`<${Go} to=${{dag}}>Groups<//>`, dag && !app.dag ? html`<${AirflowLink} steps=${["dags", dag]}>${dag}<//>` : null].filter(Boolean)}/>
    <form class="tools" onSubmit=${(event) => event.preventDefault()}>
      ${app.dag ? null : html`<${DagField} value=${dag} change=${(name) => change({dag: name})}/>`}
      ${[["from", "From", from], ["to", "To", to]].map(([key, words, value]) => html`<label class="field-of" key=${key}>${words}<input type="date" value=${value} onChange=${(event) => event.target.value && change({[key]: event.target.value})}/></label>`)}</form>
    ${dag ? html`<${Found} key=${`${dag}/${from}/${to}`} dag=${dag} from=${from} to=${to}/>` : html`<p class="empty">Choose a DAG: each date of its schedule is shown, with the state of its run.</p>`}`;
}

async function read(dag, from, to, signal) {
  const end = withOffset(Date.parse(`${to}T23:59:59Z`));
  const dates = [], counts = {};
  const parts = [];
  let start = withOffset(Date.parse(`${from}T00:00:00Z`));
  for (let n = 0; start && n < PAGES; n += 1) {
    const {coverage} = await ask(`coverage?${query({dag_id: dag, start_date: start, end_date: end, detail: "dates"})}`, {signal});
    parts.push(coverage);
    dates.push(...coverage.dates);
    for (const [status, total] of Object.entries(coverage.counts)) counts[status] = (counts[status] ?? 0) + total;
    start = coverage.next_start_date;
  }
  return {dates, counts, rest: start, parts};
}

function Found({dag, from, to}) {
  const app = useApp();
  const [only, setOnly] = useState(null);
  const [selected, select] = useState(new Set()), why = mayNot(useDag(dag)?.may, "create");
  const kept = useRef();
  const live = useLive(async (signal) => {
    const now = await read(dag, from, to, signal);
    if (!now.parts.every((part, n) => part === kept.current?.parts[n])) kept.current = now;
    return kept.current;
  }, ({counts}) => counts.queued + counts.running > 0, app.isShown);
  const found = live.value;
  const items = useMemo(() => (found?.dates ?? []).map((one) => itemOf(one, dag, app)), [found]);
  if (!found) return html`<${Trouble} error=${live.error}/>${live.error ? null : html`<p class="muted" role="status">Loading…</p>`}`;
  const {counts} = found, gaps = counts.missing + counts.failed;
  const due = counts.success + counts.failed + counts.running + counts.queued + counts.missing;
  const chosen = items.filter(({key}) => selected.has(key)).map(({key}) => key);
  const fill = {view: "new", dag, reprocess_behavior: "failed"};
  return html`<${Trouble} error=${live.error} stale/>
    <p class="sum" aria-live="polite">${due ? html`<b>${percent(counts.success / due)}</b> of ${count(due, "date")} that ${due === 1 ? "is" : "are"} due ${due === 1 ? "has" : "have"} succeeded${gaps ? html`: <b>${number(counts.missing)}</b> missing, <b>${number(counts.failed)}</b> failed` : ""}.` : "No date of the range is due."}</p>
    <section aria-label="Coverage by date"><div class="over"><${Chips} label="Show only" chosen=${only} choose=${setOnly} kinds=${Object.entries(STATUSES).filter(([status]) => counts[status]).map(([status, words]) => [status, words, counts[status]])}/>
      ${gaps ? html`<${Go} class="button solid" to=${{...fill, from, to}} why=${why}>Fill the gaps<//>` : null}</div>
    <${Strip} items=${items} label="Coverage by date" only=${only} selected=${selected} select=${select} open=${(item, event) => item.steps && app.follow(event, ...item.steps)}/>
    ${found.rest ? html`<p class="hint muted">The rest, from ${day(found.rest)} on, is not shown: choose a shorter range.</p>` : null}
    ${chosen.length ? html`<div class="chosen" role="region" aria-label="Chosen dates"><span aria-live="polite"><b>${number(chosen.length)}</b> chosen</span>
      <${Go} class="button" to=${{...fill, dates: chosen.slice(0, 500).join(" ")}} why=${why}>Fill ${count(Math.min(chosen.length, 500), "date")}<//>
      <button type="button" class="plain" onClick=${() => select(new Set())}>Clear</button></div>` : null}</section>`;
}

function itemOf({logical_date: date, status, run_id: id, run_type: type}, dag, app) {
  const steps = id ? ["dags", dag, "runs", id] : undefined;
  return {key: date, date, kind: status, steps, href: steps && app.airflowHref(...steps), get words() { return [day(date), STATUSES[status] ?? status, id, type].filter(Boolean); }};
}
