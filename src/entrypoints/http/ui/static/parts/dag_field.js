// The DAG of a form, found by typing a part of its name.

import {html, useEffect, useState} from "../core/html.js";
import {ask, query} from "../core/api.js";
import {mayNot} from "./pieces.js";

const SHOWN = 50;

/** The DAG of this id as the service shows it: its schedule, and what the caller `may` do. Undefined until it is known. */
export function useDag(id) {
  const [dag, show] = useState();
  useEffect(() => {
    if (!id) return undefined;
    const given = new AbortController();
    ask(`dags?${query({q: id, limit: 100})}`, {signal: given.signal}).then(({dags}) => show(dags.find(({dag_id}) => dag_id === id)), () => {});
    return () => given.abort();
  }, [id]);
  return dag?.dag_id === id ? dag : undefined;
}

/** @param change called with a whole name: one that was found, or one that the keyboard has left. */
export function DagField({value, change}) {
  const [text, setText] = useState(value);
  const [dags, setDags] = useState([]);
  useEffect(() => {
    const given = new AbortController();
    const timer = setTimeout(async () => {
      const found = await ask(`dags?${query({q: text, limit: SHOWN})}`, {signal: given.signal}).catch(() => null);
      if (!found) return;
      setDags(found.dags);
      if (text !== value && found.dags.some(({dag_id}) => dag_id === text)) change(text);
    }, 200);
    return () => {
      given.abort();
      clearTimeout(timer);
    };
  }, [text]);
  const write = (event) => {
    const typed = event.target.value.trim();
    setText(typed);
    if (dags.some(({dag_id}) => dag_id === typed)) change(typed);
  };
  const chosen = dags.find(({dag_id}) => dag_id === text);
  const leave = () => {
    const name = dags.length === 1 && text && dags[0].dag_id.includes(text) ? dags[0].dag_id : text; // a part that only one name has is enough
    setText(name);
    if (name !== value) change(name);
  };
  return html`<label class="field-of">DAG<input name="dag_id" list="dags" required autocomplete="off" spellcheck=${false} placeholder="Type a part of its name" value=${text} onInput=${write} onBlur=${leave}
      onKeyDown=${(event) => event.key === "Enter" && leave()}/>
    <datalist id="dags">${dags.map(({dag_id}) => html`<option key=${dag_id} value=${dag_id}></option>`)}</datalist>
    <small>${chosen ? about(chosen) : "\u00a0"}</small></label>`;
}

const about = ({schedule, is_paused: isPaused, may}) =>
  [schedule ? `Schedule ${schedule}` : "No schedule", isPaused ? "paused" : null, mayNot(may, "create")].filter(Boolean).join(", ");
