// Dates in the time zone that was chosen in Airflow, or the browser's. "Wall" is what a clock there shows, in milliseconds as if in UTC.

export const DAY = 86_400_000;
export const HOUR = 3_600_000;
const CHOSEN = "timezone"; // Airflow's own key in local storage, a JSON text

const language = () => document.documentElement.lang || undefined;

const zones = new Map(); // names by what local storage holds: to look one up takes long

export function zone() {
  const chosen = localStorage.getItem(CHOSEN);
  if (!zones.has(chosen)) zones.set(chosen, named(chosen) ?? new Intl.DateTimeFormat().resolvedOptions().timeZone);
  return zones.get(chosen);
}

function named(chosen) {
  try {
    return new Intl.DateTimeFormat("en", {timeZone: JSON.parse(chosen) ?? undefined}).resolvedOptions().timeZone;
  } catch {
    return null; // not a time zone that this browser knows
  }
}

/** Choose a time zone as Airflow's page does. */
export function chooseZone(name) {
  localStorage.setItem(CHOSEN, JSON.stringify(name));
  dispatchEvent(new CustomEvent("local-storage", {detail: {key: CHOSEN}}));
}

/** Call this function whenever another time zone is chosen; returns how to stop. */
export function onZone(changed) {
  const look = (event) => [event.key, event.detail?.key].includes(CHOSEN) && changed();
  for (const kind of ["local-storage", "storage"]) addEventListener(kind, look);
  return () => ["local-storage", "storage"].forEach((kind) => removeEventListener(kind, look));
}

const formats = new Map();
function parts(instant, timeZone) {
  if (!formats.has(timeZone)) {
    formats.set(timeZone, new Intl.DateTimeFormat("en-u-ca-iso8601-nu-latn", {
      timeZone, hourCycle: "h23", year: "numeric", month: "numeric", day: "numeric", hour: "numeric", minute: "numeric", second: "numeric",
    }));
  }
  return Object.fromEntries(formats.get(timeZone).formatToParts(instant).map(({type, value}) => [type, Number(value)]));
}

/** Return the wall time of an instant, which is a number or RFC 3339. */
export function wall(instant, timeZone = zone()) {
  const at = typeof instant === "number" ? instant : Date.parse(instant);
  if (timeZone === "UTC") return at;
  const {year, month, day, hour, minute, second} = parts(at, timeZone);
  return Date.UTC(year, month - 1, day, hour, minute, second) + (((at % 1000) + 1000) % 1000);
}

/** Return the RFC 3339 text of a wall time, with the offset that holds then. */
export function withOffset(wallTime, timeZone = zone()) {
  const text = new Date(wallTime).toISOString().slice(0, 19);
  if (timeZone === "UTC") return `${text}Z`;
  const guess = wallTime - (wall(wallTime, timeZone) - wallTime);
  const offset = Math.round((wall(guess, timeZone) - guess) / 60_000);
  const size = Math.abs(offset), two = (n) => String(n).padStart(2, "0");
  return `${text}${offset < 0 ? "-" : "+"}${two(Math.floor(size / 60))}:${two(size % 60)}`;
}

/** A date as Airflow writes it, without a time where that is midnight. */
export function day(instant, timeZone) {
  if (!instant) return "";
  const text = new Date(wall(instant, timeZone)).toISOString();
  const time = text.slice(11, 19).replace(/:00$/, "");
  return text.slice(0, 10) + (time === "00:00" ? "" : ` ${time}`);
}

/** First and last of a range, the second without what it shares with the first. */
export function range(first, last) {
  if (!first && !last) return "no dates";
  const [from, to] = [day(first), day(last)];
  if (from === to) return from;
  return from.slice(0, 10) === to.slice(0, 10) ? `${from} – ${to.slice(11)}` : `${from} – ${to}`;
}

export const number = (n) => new Intl.NumberFormat(language()).format(n);
export const percent = (part) => new Intl.NumberFormat(language(), {style: "percent"}).format(Math.floor(part * 100) / 100);
export const count = (n, one, many = `${one}s`) => `${number(n)} ${n === 1 ? one : many}`;

const UNITS = [["day", 86_400], ["hour", 3_600], ["minute", 60], ["second", 1]];
const unitOf = (seconds) => UNITS.find(([, size]) => Math.abs(seconds) >= size) ?? UNITS.at(-1);

/** How far away an end is that is expected: "now" when it should be there already. */
export const ahead = (instant, now = Date.now()) => away(instant, Math.min(now, Date.parse(instant)));

/** How far away an instant is, such as "in 3 hours". */
export function away(instant, now = Date.now()) {
  const seconds = (Date.parse(instant) - now) / 1000;
  const [unit, size] = unitOf(seconds);
  return new Intl.RelativeTimeFormat(language(), {numeric: "auto"}).format(Math.round(seconds / size), unit);
}

/** A duration in its largest unit and the next one, such as "3 hr 20 min". */
export function lasting(seconds) {
  const at = UNITS.indexOf(unitOf(seconds));
  const [[unit, size], next] = [UNITS[at], UNITS[at + 1]];
  const write = (n, name) => new Intl.NumberFormat(language(), {style: "unit", unit: name, unitDisplay: "short"}).format(n);
  const whole = Math.floor(seconds / size), rest = next ? Math.floor((seconds - whole * size) / next[1]) : 0;
  return [write(whole, unit), rest ? write(rest, next[0]) : ""].join(" ").trim();
}
