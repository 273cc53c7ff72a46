// One cell per date, by the calendar: runs of a group, dates of a plan or of a coverage. Pointer and keyboard choose cells.

import {html, useEffect, useLayoutEffect, useMemo, useRef, useState} from "../core/html.js";
import {number} from "../core/dates.js";
import {SIGNS} from "../core/words.js";
import {layOut} from "./calendar.js";
import {Canvas} from "./canvas.js";

export const MANY = 1_000; // more cells are drawn on a canvas
const LARGEST = 17, SMALLEST = 5; // pixels of a cell
const GAP = 3;
const LETTER = 6.5; // pixels of a row's label

let strips = 0;

/** Show cells.
 *
 * @param items each {key, date, kind, words, href}: `kind` is a class of the style sheet, `words` all that there is to say
 * @param label what the cells are, for those who do not see them
 * @param only the kind that is not dimmed; null when none is
 * @param selected a set of keys, and `select`, called with another; left out where there is nothing to choose
 * @param open called with the item that is clicked, and with the event, which a link follows unless it is prevented
 */
export function Strip({items, label, only = null, selected = NONE, select, open}) {
  const layout = useMemo(() => layOut(items), [items]);
  const box = useRef(), anchor = useRef(null);
  const [id] = useState(() => `strip${(strips += 1)}`);
  const [width, setWidth] = useState(600);
  const [active, setActive] = useState(-1);
  const [tip, setTip] = useState(null);
  useLayoutEffect(() => {
    const seen = new ResizeObserver(([{contentRect}]) => setWidth(contentRect.width));
    seen.observe(box.current);
    return () => seen.disconnect();
  }, []);
  const at = Math.min(active, layout.items.length - 1);
  const before = Math.ceil(14 + LETTER * Math.max(0, ...layout.rows.map((row) => row.label.length))); // the first cell, a row's label
  const cell = Math.max(SMALLEST, Math.min(LARGEST, Math.floor((width - before) / Math.max(layout.width, 1)) - GAP));
  const isMany = layout.items.length > MANY;
  const canvas = useRef();

  const chooses = (item) => only === null || item.kind === only;
  const choose = (from, to) =>
    select?.(new Set(layout.items.slice(Math.min(from, to), Math.max(from, to) + 1).filter(chooses).map(({key}) => key)));
  const show = (n, rect) => setTip(n === null ? null : {item: layout.items[n], rect});
  const placeOf = (n) => {
    const found = isMany ? canvas.current?.rectOf(n) : box.current?.querySelector(`[data-n="${n}"]`)?.getBoundingClientRect();
    const own = box.current.getBoundingClientRect();
    return found && {left: found.left - own.left, top: found.top - own.top, right: own.right - found.right, bottom: found.bottom - own.top};
  };
  const numberAt = (event) => {
    if (isMany) return canvas.current?.numberAt(event) ?? null;
    const found = event.target.closest?.("[data-n]");
    return found ? Number(found.dataset.n) : null;
  };

  const pointer = usePointer({numberAt, anchor, choose: select ? choose : null, setActive, show: (n) => show(n, n === null ? null : placeOf(n))});
  const click = (event) => {
    const n = numberAt(event);
    if (n === null) return;
    if (pointer.dragged() || event.shiftKey) event.preventDefault();
    else open?.(layout.items[n], event);
  };
  const key = (event) => {
    const to = target(event, layout, at);
    if (event.key === "Enter" && at >= 0) open?.(layout.items[at], event);
    else if (event.key === " " && at >= 0 && select) select(toggled(selected, layout.items[at].key));
    else if (event.key === "a" && (event.ctrlKey || event.metaKey) && select) choose(0, layout.items.length - 1);
    else if (event.key === "Escape" && (selected.size || tip)) { select?.(NONE); setTip(null); }
    else if (to !== null) {
      setActive(to);
      if (event.shiftKey) choose(anchor.current ?? at, to);
      else anchor.current = to;
    } else return;
    event.preventDefault();
    event.stopPropagation();
  };
  useEffect(() => {
    if (at < 0 || !box.current.contains(box.current.getRootNode().activeElement)) return;
    if (isMany) canvas.current.scrollTo(at);
    else box.current.querySelector(`[data-n="${at}"]`)?.scrollIntoView({block: "nearest"});
    show(at, placeOf(at));
  }, [active]);

  const props = {id, layout, cell, gap: GAP, label: before, at, only, selected};
  return html`<div class="strip" ref=${box} style=${{"--cell": `${cell}px`, "--columns": layout.width, "--label": `${before}px`}}>
    ${layout.names.length && !isMany ? html`<div class="row names" aria-hidden="true"><span></span><div class="cells">${layout.names
      .filter(([column]) => column < layout.width).map(([column, name]) => html`<span style=${{gridColumn: column + 1}}>${name}</span>`)}</div></div>` : null}
    <div class="field" role="listbox" tabindex="0" aria-label=${`${label}, ${number(layout.items.length)}`} aria-multiselectable=${select ? "true" : undefined}
      aria-activedescendant=${at < 0 ? undefined : `${id}-${at}`} onKeyDown=${key} onClick=${click} ...${pointer.events}
      onFocus=${() => active < 0 && setActive(0)} onBlur=${() => setTip(null)}>
      ${isMany ? html`<${Canvas} ref=${canvas} ...${props}/>` : layout.rows.map((row) => html`<${Row} key=${row.label + row.first} row=${row} ...${props}/>`)}</div>
    ${tip?.item && tip.rect ? html`<div class="tip" role="tooltip" style=${{top: `${tip.rect.bottom + 4}px`, [tip.rect.left < tip.rect.right ? "left" : "right"]: `${Math.max(Math.min(tip.rect.left, tip.rect.right), 0)}px`}}>
      ${tip.item.words.map((line, n) => html`<div key=${n}>${line}</div>`)}</div>` : null}</div>`;
}

const NONE = new Set();

function Row({id, row, layout, at, only, selected}) {
  return html`<div class="row" role="group" aria-label=${row.label}><span aria-hidden="true">${row.label}</span><div class="cells">
    ${row.columns.map((column, n) => {
      const number = row.first + n, item = layout.items[number];
      const isSelected = selected.has(item.key);
      const kinds = ["cell", item.kind, number === at && "at", isSelected && "selected", only !== null && item.kind !== only && "dim"];
      return html`<${item.href ? "a" : "span"} key=${item.key} id=${`${id}-${number}`} data-n=${number} role="option" class=${kinds.filter(Boolean).join(" ")}
        aria-selected=${String(isSelected)} aria-label=${item.words.join(", ")} href=${item.href} tabindex="-1" draggable=${false}
        style=${{gridColumn: column + 1}}>${SIGNS[item.kind]}<//>`;
    })}</div></div>`;
}

/** Choosing by drag: from the cell where the button goes down to the one where it is. A finger scrolls instead. */
function usePointer({numberAt, anchor, choose, setActive, show}) {
  const from = useRef(null), moved = useRef(false);
  const down = (event) => {
    const n = numberAt(event);
    moved.current = false;
    from.current = null;
    if (n === null || event.button || event.pointerType === "touch") return;
    if (event.shiftKey && choose && anchor.current !== null) choose(anchor.current, n);
    else {
      from.current = n;
      anchor.current = n;
    }
    setActive(n);
  };
  const move = (event) => {
    const n = numberAt(event);
    show(n);
    if (from.current === null || n === null || !choose) return;
    if (!event.buttons) from.current = null;
    else if (n !== from.current || moved.current) {
      moved.current = true;
      choose(from.current, n);
    }
  };
  const end = () => { from.current = null; };
  return {
    dragged: () => moved.current,
    events: {onPointerDown: down, onPointerMove: move, onPointerUp: end, onPointerLeave: () => show(null)},
  };
}

const toggled = (keys, key) => {
  const changed = new Set(keys);
  if (!changed.delete(key)) changed.add(key);
  return changed;
};

/** The cell that a key leads to, null for another key. */
function target({key}, {items, rows}, at) {
  const last = items.length - 1;
  const rtl = document.documentElement.dir === "rtl" ? -1 : 1;
  const along = {ArrowRight: rtl, ArrowLeft: -rtl}[key];
  if (along) return Math.max(0, Math.min(last, at + along));
  if (key === "Home") return 0;
  if (key === "End") return last;
  const down = {ArrowDown: 1, ArrowUp: -1, PageDown: 10, PageUp: -10}[key];
  if (!down) return null;
  const here = rows.findLastIndex(({first}) => first <= Math.max(at, 0));
  const row = rows[Math.max(0, Math.min(rows.length - 1, here + down))];
  const column = rows[here].columns[Math.max(at, 0) - rows[here].first];
  const before = row.columns.findLastIndex((other) => other <= column);
  return row.first + Math.max(before, 0);
}
