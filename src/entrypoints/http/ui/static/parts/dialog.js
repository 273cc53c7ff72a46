// Dialogs that first show what they would do, and then do it step by step.

import {html, useEffect, useRef, useState} from "../core/html.js";
import {session} from "../core/api.js";
import {number} from "../core/dates.js";
import {Note, Warnings} from "./pieces.js";

export function Dialog({title, close, busy, children, footer}) {
  const box = useRef();
  useEffect(() => {
    box.current.showModal();
  }, []);
  const keep = (event) => busy && event.preventDefault(); // Esc does not end what is being done; Stop does
  return html`<dialog ref=${box} onClose=${close} onCancel=${keep} aria-label=${title}>
    <h2>${title}</h2><div class="body">${children}</div>
    <footer>${busy ? null : html`<button type="button" onClick=${() => box.current.close()}>Close</button>`}${footer}</footer></dialog>`;
}

/** Ask for a preview half a second after the last change of what it depends on; the one before is given up.
 *
 * @param read returns a promise of the preview, or null where there is none to ask for
 * @param key changes with what the preview depends on
 */
export function usePreview(read, key, delay = 300) {
  const [seen, show] = useState({});
  const [asked, askAgain] = useState(0);
  useEffect(() => {
    const given = new AbortController();
    show((old) => ({...old, waits: true}));
    const timer = setTimeout(async () => {
      try {
        const value = await read(given.signal);
        if (!given.signal.aborted) show({value});
      } catch (error) {
        if (!given.signal.aborted) show({error});
      }
    }, delay);
    return () => {
      given.abort();
      clearTimeout(timer);
    };
  }, [key, asked]);
  const again = () => askAgain((n) => n + 1);
  useEffect(() => {
    const known = () => session.lost || again();
    session.addEventListener("change", known);
    return () => session.removeEventListener("change", known);
  }, []);
  return {...seen, again};
}

/** Do something in steps. `step(place)` returns {done, next, warnings}; `next` is the place of the next step, or null. */
export function useSteps(step, finished) {
  const [at, show] = useState({done: 0, place: null, warnings: []});
  const stopped = useRef(false);
  const run = async () => {
    stopped.current = false;
    let {done, place, warnings} = at;
    show({done, place, warnings, busy: true});
    try {
      do {
        const result = await step(place);
        done += result.done;
        place = result.next ?? null;
        warnings = [...new Set([...warnings, ...(result.warnings ?? [])])];
        show({done, place, warnings, busy: place !== null && !stopped.current});
      } while (place !== null && !stopped.current);
      if (place === null) {
        show({done, place, warnings, over: true});
        finished?.({done, warnings});
      }
    } catch (error) {
      show({done, place, warnings, error});
    }
  };
  return {...at, run, stop: () => { stopped.current = true; }};
}

/** How far the steps are, beside the total that the preview has shown. */
export function Progress({steps, total, verb}) {
  if (!steps.busy && !steps.done && !steps.error) return null;
  const words = `${number(steps.done)} of ${number(Math.max(total, steps.done))} ${verb}`;
  const stopped = !steps.busy && !steps.over && !steps.error ? " Stopped; the rest is as it was." : "";
  return html`<div class="progress"><progress max=${Math.max(total, 1)} value=${steps.done} aria-label=${verb}></progress><span aria-live="polite">${words}.${stopped}</span>
    <${Warnings} of=${steps.warnings}/>${steps.error ? html`<${Note} kind="error">${steps.error.message}<//>` : null}</div>`;
}

/** The button that says what it does, and Stop while it does it. */
export function Do({steps, words, disabled, why, danger}) {
  if (steps.busy) return html`<button type="button" class="solid" onClick=${steps.stop}>Stop</button>`;
  if (steps.over) return null;
  const label = steps.done || steps.error ? (steps.done ? "Go on" : "Try again") : words;
  return html`<button type="button" class=${`solid ${danger ? "danger" : ""}`} disabled=${disabled || why} title=${why} onClick=${steps.run}>${label}</button>`;
}
