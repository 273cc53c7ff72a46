// The runs of a group, page by page. Only pages of runs that can still change are read again.

import {ask, path, query} from "./api.js";
import {lasting} from "./dates.js";

const PAGE = 500;
const ALL_AGAIN = 15_000; // how often at most every page is read again
const PART = 500; // milliseconds between two parts of a long group that are shown

export class Runs {
  constructor(dag, prefix) {
    this.path = path`groups/${dag}/${prefix}/runs`;
    this.pages = [];
    this.group = null;
    this.flat = [];
    this.wholeAt = 0;
  }

  /** Return all runs as of this state of the group; the same array as before when no run has changed.
   *
   * @param show called with what is there, while the first look at a long group takes several pages
   */
  async update(group, signal, show) {
    if (group === this.group) return this.flat;
    const known = this.pages.length;
    if (!known) await this.readOn(0, signal, show);
    else {
      await this.read(this.moving(), signal);
      if (!this.agrees(group)) await this.read(this.unfinished(), signal);
      if (!this.agrees(group)) await this.readOn(known - 1, signal);
      if (!this.agrees(group) && Date.now() - this.wholeAt > ALL_AGAIN) {
        this.wholeAt = Date.now();
        await this.read(this.pages, signal);
      }
    }
    this.group = this.agrees(group) ? group : null; // runs went on meanwhile: the next look reads them again
    return this.flatten();
  }

  /** Read from this page on, as far as there are runs. */
  async readOn(number, signal, show) {
    let start = number ? this.pages[number - 1].value.next_start : 0, shownAt = 0;
    for (let n = number; start !== null; n += 1) {
      this.pages[n] = {start, value: await this.page(start, signal)};
      start = this.pages[n].value.next_start;
      if (start === null || Date.now() - shownAt < PART) continue;
      shownAt = Date.now();
      show?.(this.flatten());
    }
  }

  async read(pages, signal) {
    for (const page of pages) page.value = await this.page(page.start, signal);
  }

  page(start, signal) {
    return ask(`${this.path}?${query({start: start || undefined, limit: PAGE})}`, {signal});
  }

  with(state) {
    return this.pages.filter(({value}) => value.dag_runs.some((run) => run.state === state));
  }

  /** The pages on which something moves: those with running runs, and the one whose queued runs come next. */
  moving() {
    return [...new Set([...this.with("running"), ...this.with("queued").slice(0, 1)])];
  }

  unfinished() {
    return [...new Set([...this.with("running"), ...this.with("queued")])];
  }

  agrees(group) {
    const states = {success: 0, failed: 0, running: 0, queued: 0};
    for (const {value} of this.pages) for (const {state} of value.dag_runs) states[state] += 1;
    return Object.keys(states).every((state) => states[state] === group.states[state]);
  }

  flatten() {
    const flat = this.pages.flatMap(({value}) => value.dag_runs);
    if (flat.length !== this.flat.length || flat.some((run, n) => run !== this.flat[n])) this.flat = flat;
    return this.flat;
  }
}

const seconds = ({start_date, end_date}) => (Date.parse(end_date) - Date.parse(start_date)) / 1000;

/** What there is to say of a run, a line each. */
export function linesOf(run, date) {
  const took = run.start_date && run.end_date ? `, took ${lasting(seconds(run))}` : "";
  return [
    date,
    `${run.cancelled ? "cancelled" : run.state}${took}`,
    run.run_id,
    run.failed_task_ids?.length ? `failed: ${run.failed_task_ids.join(", ")}` : null,
    run.note ? `note: ${run.note}` : null,
  ].filter(Boolean);
}
