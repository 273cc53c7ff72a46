// What can be done to a group, in a menu and in dialogs.

import {html, useEffect, useRef, useState} from "../core/html.js";
import {ActionDialog} from "./actions.js";
import {ControlDialog} from "./control.js";

export function GroupDialog({action, ...rest}) {
  return html`<${["retry", "note", "cancel"].includes(action) ? ActionDialog : ControlDialog} action=${action} ...${rest}/>`;
}

/** What can be done to a group, in the order in which it is offered: [action, words, why it has nothing to do]. */
export function deeds(group) {
  const {queued, running, failed} = group.states;
  const isPaused = group.control?.paused, idle = !(queued + running) && "No run is queued or running.";
  return [
    isPaused ? ["resume", "Resume"] : ["pause", "Pause", !queued && "No run is queued."],
    ["limits", "Cap and pace", idle],
    ["retry", "Retry", !(failed + group.states.success) && "No run has ended."],
    ["note", "Note"],
    ["about", "Describe"],
    ["cancel", "Cancel", idle],
  ];
}

/** A button that opens a menu.
 *
 * @param items each [words, function, why]: without a function it cannot be done now, for the reason `why`
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
    ${isOpen ? html`<div role="menu" aria-label=${label}>${items.map(([words, act, why]) => html`<button key=${words} type="button" role="menuitem" disabled=${!act} title=${why || undefined} onClick=${() => choose(act)}>${words}</button>`)}</div>` : null}</div>`;
}
