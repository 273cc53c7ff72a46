// Texts of forms and what they mean in a request: a pace ("20/PT10M"), the rule by which a group pauses by itself (`stop_after`), labels.

import {html, useState} from "../core/html.js";

const UNITS = {S: "seconds", M: "minutes", H: "hours", D: "days"};

/** Return {runs, every, unit} of a pace of one unit; undefined of any other. */
export function parsePace(pace) {
  const found = /^(\d+)\/P(?:T(\d+)([SMH])|(\d+)(D))$/.exec(pace);
  return found ? {runs: found[1], every: found[2] ?? found[4], unit: found[3] ?? found[5]} : undefined;
}

const write = ({runs, every, unit}) => (runs && every ? `${runs}/P${unit === "D" ? "" : "T"}${every}${unit}` : "");

export function Pace({value, change}) {
  const [at, setAt] = useState(parsePace(value) ?? {runs: "", every: "10", unit: "M"});
  const set = (changes) => {
    setAt({...at, ...changes});
    change(write({...at, ...changes}));
  };
  return html`<fieldset class="pace"><legend>Pace</legend><div class="inline">
    <input type="number" min="1" max="500" aria-label="Runs that may start" placeholder="all" value=${at.runs} onInput=${(event) => set({runs: event.target.value})}/> runs every
    <input type="number" min="1" aria-label="Every so many" value=${at.every} onInput=${(event) => set({every: event.target.value})}/>
    <select aria-label="Unit of the pace" value=${at.unit} onChange=${(event) => set({unit: event.target.value})}>${Object.entries(UNITS).map(([unit, name]) => html`<option key=${unit} value=${unit}>${name}</option>`)}</select></div></fieldset>`;
}

export const splitLabels = (text) => text.split(",").map((label) => label.trim()).filter(Boolean);

export const NO_RULE = {failed: "", failed_percent: "", of_at_least: ""};

/** Return `stop_after` of a request; null without a rule. */
export function ruleOf(texts) {
  const rule = Object.fromEntries(Object.entries(texts).filter(([key, text]) => key in NO_RULE && text !== "").map(([key, text]) => [key, Number(text)]));
  return Object.keys(rule).length ? rule : null;
}

/** Return the texts of a rule that a group has. */
export const textsOf = (rule) => ({...NO_RULE, ...Object.fromEntries(Object.entries(rule ?? {}).map(([key, value]) => [key, String(value)]))});

/** Say a rule in words. */
export const ruleInWords = ({failed, failed_percent: part, of_at_least: least}) =>
  failed ? `${failed} failed` : `${part}% failed of at least ${least}`;

export function StopAfter({value, change}) {
  const field = (key, words, max) => html`<input type="number" min="1" max=${max} aria-label=${words} value=${value[key]} onInput=${(event) => change({...value, [key]: event.target.value})}/>`;
  return html`<fieldset class="pace"><legend>Pause it by itself</legend>
    <div class="inline">after ${field("failed", "After so many failed runs", 10_000)} failed runs</div>
    <div class="inline">or ${field("failed_percent", "After so many per cent of failed runs", 100)} % failed of at least ${field("of_at_least", "Of at least so many that have ended", 10_000)}</div></fieldset>`;
}
