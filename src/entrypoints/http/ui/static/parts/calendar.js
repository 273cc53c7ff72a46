// Where the cell of each date lies: rows of one span of time each, so that the same hour or day is in the same column.

import {DAY, HOUR, wall, zone} from "../core/dates.js";

const MINUTE = 60_000;
const PACKED = 31; // cells in a row where dates follow no grid
const WIDEST = 66;

const floor = (size) => (at) => Math.floor(at / size) * size;
const monday = (at) => floor(DAY)(at) - ((new Date(at).getUTCDay() + 6) % 7) * DAY;
const month = (at) => Date.UTC(new Date(at).getUTCFullYear(), new Date(at).getUTCMonth());
const year = (at) => Date.UTC(new Date(at).getUTCFullYear(), 0);
const text = (from, to) => (at) => new Date(at).toISOString().slice(from, to).replace("T", " ");

/** From the finest span on: the start of its row, its length, its label, and which columns have a name. */
const SPANS = [
  {size: HOUR, start: floor(HOUR), label: text(0, 16), names: (step) => every(15 * MINUTE, HOUR, step, (at) => at / MINUTE)},
  {size: 6 * HOUR, start: floor(6 * HOUR), label: text(0, 16), names: (step) => every(HOUR, 6 * HOUR, step, (at) => `+${at / HOUR}h`)},
  {size: DAY, start: floor(DAY), label: text(0, 10), names: (step) => every(6 * HOUR, DAY, step, (at) => at / HOUR)},
  {size: 7 * DAY, start: monday, label: text(0, 10), names: (step) => every(DAY, 7 * DAY, step, (at) => ["Mo", "Tu", "We", "Th", "Fr", "Sa", "Su"][at / DAY])},
  {size: 31 * DAY, start: month, label: text(0, 7), names: (step) => (step === DAY ? [[0, 1], [9, 10], [19, 20], [29, 30]] : [])},
  {size: 366 * DAY, start: year, label: text(0, 4), names: () => []},
];
const every = (distance, size, step, name) =>
  Array.from({length: size / distance}, (_, n) => [Math.round((n * distance) / step), name(n * distance)]);

/** Lay out items with a `date`, RFC 3339 or null, in the order of their dates; those without one come last.
 *
 * @returns {{items, rows: [{label, first, columns: [column of each of its cells]}], width, names: [[column, name]]}}
 */
export function layOut(unordered, timeZone = zone()) {
  const dated = unordered.map((item) => ({item, at: item.date ? wall(item.date, timeZone) : Infinity})).sort((one, other) => one.at - other.at);
  const items = dated.map(({item}) => item);
  const step = usualStep(dated);
  const span = step && SPANS.find(({size}) => size / step >= 12);
  const rows = span && inRows(dated, span, step);
  if (!rows) return {items, ...packed(dated)};
  return {items, rows, width: Math.max(Math.round(span.size / step), ...rows.map(({columns}) => columns.at(-1) + 1)), names: span.names(step)};
}

/** The median distance of neighbours, which dates that are missing here and there do not change. */
function usualStep(dated) {
  const steps = [];
  for (let n = 1; n < dated.length; n += 1) {
    const step = dated[n].at - dated[n - 1].at;
    if (step > 0 && step < Infinity) steps.push(step);
  }
  const least = steps.sort((one, other) => one - other)[Math.floor(steps.length / 2)];
  if (!least) return dated.length && dated[0].at !== Infinity ? DAY : null;
  return Math.max(Math.round(least / MINUTE), 1) * MINUTE;
}

function inRows(dated, {start, size}, step) {
  const rows = [];
  const label = SPANS.find((span) => span.size === size).label;
  for (const [n, {at}] of dated.entries()) {
    const from = at === Infinity ? at : start(at);
    if (!rows.length || rows.at(-1).from !== from) rows.push({from, label: from === Infinity ? "no date" : label(from), first: n, columns: []});
    const {columns} = rows.at(-1);
    const column = from === Infinity ? columns.length : Math.floor((at - from) / step);
    columns.push(Math.max(column, columns.length ? columns.at(-1) + 1 : 0)); // two in one place, as when clocks go back
    if (columns.at(-1) >= WIDEST) return null;
  }
  return rows;
}

function packed(dated) {
  const rows = [];
  for (let first = 0; first < dated.length; first += PACKED) {
    const {at} = dated[first];
    rows.push({label: at === Infinity ? "" : text(0, 10)(at), first, columns: dated.slice(first, first + PACKED).map((_, n) => n)});
  }
  return {rows, width: Math.min(PACKED, dated.length), names: []};
}
