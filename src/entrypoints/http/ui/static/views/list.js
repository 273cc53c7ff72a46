// The groups of all DAGs, or of one.

import {html, useEffect, useRef, useState} from "../core/html.js";
import {ask, path, query} from "../core/api.js";
import {useApp} from "../core/app.js";
import {ahead, day, number, range} from "../core/dates.js";
import {SLOW, useLive} from "../core/live.js";
import {deeds, GroupDialog, Menu} from "../parts/deeds.js";
import {useDag} from "../parts/dag_field.js";
import {AirflowLink, Bar, Chips, Go, Head, mayNot, Trouble} from "../parts/pieces.js";

const PAGE = 50;
const PAGES = 5; // of which each may hold few groups, or none, until so many rows are found
const CLOSER = 10; // moving groups whose expected end is looked at, too

const isMoving = ({states}) => states.queued + states.running > 0;
const nameOf = ({dag_id, prefix}) => `${dag_id}/${prefix}`;

export function List() {
  const app = useApp(), {dag, state, q = ""} = app.at(), may = useDag(dag)?.may;
  const change = (changes) => app.go({view: undefined, dag, state, q, ...changes}, {replace: true});
  return html`
    <${Head} title="Groups" sub=${app.dag ? null : dag ? html`of <${AirflowLink} steps=${["dags", dag]}>${dag}<//>` : "of all DAGs"}>
      <${Go} class="button" to=${{view: "coverage", dag}}>Coverage<//>
      <${Go} class="button solid" to=${{view: "new", dag}} why=${mayNot(may, "create")}>New group<//><//>
    <div class="tools">
      <${Search} value=${q} label=${dag ? "Filter by prefix" : "Filter by DAG or prefix"} change=${(text) => change({q: text})}/>
      <${Chips} label="Show only" chosen=${state ?? null} choose=${(kind) => change({state: kind ?? undefined})} kinds=${[["active", "Active"], ["failed", "With failures"]]}/></div>
    <${Found} key=${`${dag}/${state}/${q}`} dag=${dag} state=${state} q=${q} may=${may}/>`;
}

/** A text that is taken over when the keyboard rests. */
function Search({value, label, change}) {
  const [text, setText] = useState(value);
  const timer = useRef();
  const write = (event) => {
    setText(event.target.value);
    clearTimeout(timer.current);
    timer.current = setTimeout(change, 300, event.target.value.trim());
  };
  useEffect(() => () => clearTimeout(timer.current), []);
  return html`<input type="search" aria-label=${label} placeholder=${label} value=${text} onInput=${write}/>`;
}

/** Read pages until there are enough groups, or the end. A group whose prefix begins with the text is found however old it is. */
async function read({dag, state, q}, start, signal) {
  const pages = [];
  const get = async (more) => {
    const page = await ask(`groups?${query({dag_id: dag, state, limit: PAGE, ...more})}`, {signal});
    pages.push(page);
    return page;
  };
  if (q && start === undefined) await get({prefix: q});
  let next = start, found;
  do {
    next = (await get({start: next})).next_start;
    found = distinct(pages.flatMap(({groups}) => groups)).filter(({dag_id, prefix}) => `${dag ? "" : dag_id} ${prefix}`.includes(q));
  } while (next !== null && found.length < PAGE / 2 && pages.length < PAGES);
  return {pages, groups: found, next};
}

/** A group that has grown meanwhile is on two pages: the newer counts. */
function distinct(groups) {
  const seen = new Map();
  for (const group of groups) if (!seen.has(nameOf(group))) seen.set(nameOf(group), group);
  return [...seen.values()];
}

function Found(filter) {
  const {dag, state, q, may} = filter, app = useApp();
  const [dialog, setDialog] = useState(null);
  const [older, setOlder] = useState([]); // what lies behind the first pages, as it was when it was read
  const [lack, setLack] = useState(null);
  const kept = useRef();
  const live = useLive(async (signal) => {
    const now = await read(filter, undefined, signal);
    if (!kept.current || now.pages.length !== kept.current.pages.length || now.pages.some((page, n) => page !== kept.current.pages[n])) kept.current = now;
    return kept.current;
  }, ({groups}) => groups.some(isMoving), app.isShown);
  const reads = live.value ? [live.value, ...older] : [];
  const groups = distinct(reads.flatMap((one) => one.groups)), next = reads.at(-1)?.next ?? null;
  const [stamp, setStamp] = useState(0);
  const done = () => {
    setStamp((n) => n + 1);
    live.refresh();
  };
  const moving = groups.filter(isMoving).slice(0, CLOSER);
  const more = async () => {
    try {
      const page = await read(filter, next);
      setOlder((old) => [...old, page]);
      setLack(null);
    } catch (error) {
      setLack(error);
    }
  };
  return html`<${Trouble} error=${live.error ?? lack} stale=${live.value}/>
    ${groups.length ? html`<table class="groups"><thead><tr><th>Group</th><th>Dates</th><th class="right">Runs</th><th class="wide">Progress</th><th>Ends</th><th>By</th><th><span class="unseen">Actions</span></th></tr></thead>
      <tbody>${groups.map((group) => html`<${Line} key=${nameOf(group)} group=${group} isCloser=${moving.includes(group)} stamp=${stamp} isOfAll=${!dag} why=${mayNot(may, "change")} act=${(action, whole) => setDialog({action, group: whole})}/>`)}</tbody></table>` : null}
    ${live.value && !groups.length ? html`<${Empty} isFiltered=${state || q} dag=${dag} isOver=${next === null}/>` : null}
    ${!live.value && !live.error ? html`<p class="muted" role="status">Loading…</p>` : null}
    ${next === null ? null : html`<p><button type="button" onClick=${more}>Older groups</button></p>`}
    ${dialog ? html`<${GroupDialog} ...${dialog} close=${() => setDialog(null)} done=${done}/>` : null}`;
}

/** The group as it is shown alone, with its expected end: read while it moves, slowly, and after what was done here. */
function useCloser(group, isCloser, stamp) {
  const [seen, setSeen] = useState(group);
  const last = useRef({at: -Infinity});
  useEffect(() => {
    if (!isCloser || (last.current.stamp === stamp && Date.now() - last.current.at < SLOW)) return undefined;
    last.current = {at: Date.now(), stamp};
    const given = new AbortController();
    ask(path`groups/${group.dag_id}/${group.prefix}`, {signal: given.signal}).then((got) => setSeen(got.group), () => {});
    return () => given.abort();
  }, [group, isCloser, stamp]);
  return {...seen, ...group};
}

function Line({group: listed, isCloser, stamp, isOfAll, why, act}) {
  const group = useCloser(listed, isCloser, stamp);
  const {dag_id: dag, prefix, created_by: by, created_at: at} = group;
  return html`<tr>
    <td class="name"><${Go} class="strong" to=${{dag, group: prefix}}>${prefix}<//>${isOfAll ? html`<${AirflowLink} class="muted small" steps=${["dags", dag]}>${dag}<//>` : null}</td>
    <td class="num">${range(group.first_logical_date, group.last_logical_date)}</td>
    <td class="num right">${number(group.runs)}</td>
    <td class="wide"><${Bar} group=${group}/></td>
    <td class="num"><${Ends} group=${group}/></td>
    <td class="muted by" title=${at ? `Created ${day(at)}` : undefined}>${by ?? ""}</td>
    <td><${Menu} label=${`Actions on ${prefix}`} items=${deeds(group).map(([action, words, idle]) => [`${words}…`, why || idle ? null : () => act(action, group), why || idle])}/></td></tr>`;
}

function Ends({group}) {
  const {control, states, expected_end: end} = group;
  if (control?.stopped) return html`<span class="badge failed">stopped</span>`;
  if (control?.paused) return html`<span class="badge">paused</span>`;
  if (!isMoving(group)) return html`<span class="muted">ended</span>`;
  if (end) return html`<span title=${day(end)}>${ahead(end)}</span>`;
  if (group.is_paused) return html`<span class="badge">DAG paused</span>`;
  return html`<span class=${`badge ${states.running ? "running" : ""}`}>${states.running ? "running" : "queued"}</span>`;
}

function Empty({isFiltered, dag, isOver}) {
  if (isFiltered) return html`<p class="empty">No group matches the filter${isOver ? "" : " so far"}.</p>`;
  if (!isOver) return html`<p class="empty">No groups among the newest runs.</p>`;
  return html`<div class="empty"><p>No groups yet. A group is the runs that one request makes for a range of dates${dag ? ` of ${dag}` : ""}.</p>
    <p><${Go} class="button solid" to=${{view: "new", dag}}>New group<//></p></div>`;
}
