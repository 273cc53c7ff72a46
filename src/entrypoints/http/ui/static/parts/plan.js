// What a request would do, date by date, and the button that does exactly that.

import {html, useMemo, useState} from "../core/html.js";
import {ask} from "../core/api.js";
import {count, day, lasting, number, range} from "../core/dates.js";
import {ACTIONS} from "../core/words.js";
import {Do, Progress, usePreview, useSteps} from "./dialog.js";
import {Legend, Note, Warnings} from "./pieces.js";
import {AsRequest} from "./request.js";
import {Strip} from "./strip.js";

const AFTER = 500; // milliseconds after the last key

export function Plan({body, made, why}) {
  const preview = usePreview((signal) => (body.dag_id ? look(body, signal) : null), JSON.stringify(body), AFTER);
  const [changed, setChanged] = useState(null);
  const plan = preview.value;
  const steps = useSteps(async (place) => {
    try {
      return await make(body, plan, place);
    } catch (error) {
      if (["plan_changed", "plan_expired"].includes(error.reason)) {
        setChanged(error.message);
        preview.again();
        return {done: 0, next: null};
      }
      throw error;
    }
  }, ({done}) => done && made());
  const items = useMemo(() => (plan?.plan ?? []).map(itemOf), [plan?.plan]);
  return html`<section class="plan" aria-labelledby="plan" aria-busy=${String(Boolean(preview.waits))}><div class="over"><h2 id="plan">Plan</h2>
      <span class="muted" role="status">${preview.waits ? "Looking…" : ""}</span></div>
    ${body.dag_id ? null : html`<p class="muted">Choose a DAG: then each date is shown here, and what would be done about it.</p>`}
    ${changed ? html`<${Note}>${changed} This is the plan as it is now.<//>` : null}
    ${preview.error ? html`<${Note} kind="error">${preview.error.message}<//>` : null}
    ${plan ? html`<p class="sum" aria-live="polite">${sum(plan)}</p>
      <div class="making"><${Do} steps=${{...steps, over: false}} words=${words(plan)} why=${why} disabled=${preview.waits || preview.error || !plan.total}/></div>
      <${Progress} steps=${steps} total=${plan.total} verb="made"/>
      <${Warnings} of=${plan.warnings}/>
      <${Strip} items=${items} label="Plan by date"/>
      ${plan.rest ? html`<p class="muted hint">And ${count(plan.rest.dates, "more date")}, up to ${day(plan.rest.last)}; they are made in steps of 500.</p>` : null}
      <${Legend} kinds=${legend(plan)}/>
      ${plan.first ? html`<p class="hint muted ids">First <code>${plan.first}</code>${plan.last === plan.first ? "" : html`, last <code>${plan.last}</code>`}</p>` : null}
      <${AsRequest} path="dag_runs" body=${{...body, partial: true}} name="create" terminal=${body}/>` : null}</section>`;
}

/** Plan the dates of one request, and in short what lies beyond them. */
async function look(body, signal) {
  const plan = await ask("dag_runs", {method: "POST", body: {...body, partial: true, dry_run: true}, signal});
  const reruns = plan.rerun_dag_run_ids ?? [];
  const found = {...plan, runs: plan.dag_run_ids.length, reruns: reruns.length, first: plan.dag_run_ids[0] ?? null, last: plan.dag_run_ids.at(-1) ?? null, rest: null};
  if (plan.next_start_date && !body.limit && !body.dates) {
    const rest = await ask("dag_runs", {method: "POST", signal, body: {...further(body, plan), dry_run: true, detail: "stretches", planned: found.runs}});
    const more = (action) => rest.counts[action] ?? 0;
    found.rest = {dates: more("create") + more("rerun"), last: rest.stretches.at(-1)?.last};
    found.plan = plan.plan.filter(({action}) => action !== "left_out");
    found.runs += more("create");
    found.reruns += more("rerun");
    found.last = rest.last_run_id ?? found.last;
    found.expected_seconds = rest.expected_seconds;
  }
  return {...found, total: found.runs + found.reruns};
}

/** The request that goes on where another one ended. */
function further(body, {next_start_date, next_not_before}) {
  return {...body, [body.order === "desc" ? "end_date" : "start_date"]: next_start_date, ...(next_not_before ? {not_before: next_not_before} : {}), new_group: false};
}

/** Make what was planned. A later step plans for itself, so that each is sent with the id of its plan. */
async function make(body, plan, place) {
  const {sent, known} = place ?? {sent: {...body, partial: true}, known: plan};
  const planned = known ?? await ask("dag_runs", {method: "POST", body: {...sent, dry_run: true}});
  const got = await ask("dag_runs", {method: "POST", body: {...sent, plan_id: planned.plan_id}});
  const endedEarly = got.next_start_date !== planned.next_start_date; // what is left of the plan is done by the same request
  const next = endedEarly ? {sent, known: planned} : plan.rest && got.next_start_date ? {sent: further(sent, got)} : null;
  return {done: got.dag_run_ids.length + (got.rerun_dag_run_ids?.length ?? 0), next};
}

function words({runs, reruns}) {
  const parts = [runs ? `create ${count(runs, "run")}` : null, reruns ? `run ${number(reruns)} again` : null].filter(Boolean);
  const text = parts.join(", ") || "nothing to create";
  return text[0].toUpperCase() + text.slice(1);
}

function sum(plan) {
  const counts = countsOf(plan);
  const parts = [[plan.runs, "new"], [plan.reruns, plan.reruns === 1 ? "runs again" : "run again"], [plan.existing, plan.existing === 1 ? "exists already" : "exist already"],
    ...["left_out", "not_yet", "no_tasks"].map((action) => [counts.get(action) ?? 0, ACTIONS[action]])].filter(([n]) => n);
  const told = parts.map(([n, what], at) => html`${at ? ", " : ""}<b>${number(n)}</b> ${what}`);
  const time = plan.expected_seconds !== null && plan.expected_seconds !== undefined ? ` · about ${lasting(Math.max(plan.expected_seconds, 1))}` : "";
  return parts.length ? html`${told}${time}` : "No dates.";
}

function countsOf({plan}) {
  const counts = new Map();
  for (const {action} of plan) counts.set(action, (counts.get(action) ?? 0) + 1);
  return counts;
}

function legend(plan) {
  const counts = countsOf(plan);
  return ["create", "rerun", "exists", "left_out", "not_yet", "no_tasks"].filter((action) => counts.has(action)).map((action) => [action, action === "exists" ? "exists, in the colour of its state" : ACTIONS[action]]);
}

function itemOf({logical_date: date, action, state, reason, run_id: id, run_type_reason: why}) {
  return {
    key: date, date, kind: action === "exists" ? `exists ${state}` : action,
    words: [day(date), action === "exists" ? `exists, ${state}` : `${ACTIONS[action] ?? action}${action === "rerun" && state ? `, has ${state}` : ""}`, id, reason, why].filter(Boolean),
  };
}
