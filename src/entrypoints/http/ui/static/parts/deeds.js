// What can be done to a group, in a menu and in dialogs.

import {html, useEffect, useRef, useState} from "../core/html.js";
import {ActionDialog} from "./actions.js";
import {ControlDialog} from "./control.js";

export function GroupDialog({action, ...rest}) {
  const isControl = ["pause", "resume", "limits"].includes(action);
  return html`<${isControl ? ControlDialog : ActionDialog} action=${action} ...${rest}/>`;
}

/** What can be done to a group, in the order in which it is offered: [action, words, whether it has anything to do]. */
export function deeds(group) {
  const {queued, running, failed} = group.states;
  const isPaused = group.control?.paused;
  return [
    isPaused ? ["resume", "Resume", true] : ["pause", "Pause", queued > 0],
    ["limits", "Cap and pace", queued + running > 0],
    ["retry", "Retry", failed + group.states.success > 0],
    ["note", "Note", true],
    ["cancel", "Cancel", queued + running > 0],
  ];
}

/** Why the caller may not change the group; undefined when they may. */
export const forbidden = (group) => (group.may?.change === false ? "You may not change runs of this DAG." : undefined);

/** A button that opens a menu.
 *
 * @param items pairs of words and a function; null in its place for what cannot be done now.
 */
export function Menu({label, items}) {
  const [isOpen, open] = useState(false);
  const box = useRef();
  const buttons = () => [...box.current.querySelectorAll("[role=menuitem]:not(:disabled)")];
  useEffect(() => {
    if (isOpen) buttons()[0]?.focus();
  }, [isOpen]);
  const leave = (event) => !box.current.contains(event.relatedTarget) && open(false);
  const close = () => {
    open(false);
    box.current.querySelector("button").focus();
  };
  const key = (event) => {
    if (event.key === "Escape") close();
    else if (isOpen && ["ArrowDown", "ArrowUp"].includes(event.key)) {
      const all = buttons(), at = all.indexOf(box.current.getRootNode().activeElement);
      all.at((at + (event.key === "ArrowDown" ? 1 : -1)) % all.length).focus();
    } else return;
    event.preventDefault();
    event.stopPropagation();
  };
  const choose = (act) => {
    close(); // a dialog gives the focus back to the button
    act();
  };
  return html`<div class="menu" ref=${box} onKeyDown=${key} onFocusOut=${leave}>
    <button type="button" class="plain" aria-haspopup="menu" aria-expanded=${String(isOpen)} aria-label=${label} onClick=${() => open(!isOpen)}>⋯</button>
    ${isOpen ? html`<div role="menu" aria-label=${label}>${items.map(([words, act]) => html`<button key=${words} type="button" role="menuitem" disabled=${!act} onClick=${() => choose(act)}>${words}</button>`)}</div>` : null}</div>`;
}
