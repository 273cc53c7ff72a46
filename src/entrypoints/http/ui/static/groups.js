// The page as one custom element, <airflow-run-groups dag-id?>, and the few lines around it that Airflow's React calls.

import {render} from "./vendor/preact.js";
import {App} from "./core/app.js";
import {html} from "./core/html.js";
import {wake} from "./core/live.js";
import {sheets} from "./styles/sheets.js";
import {Page} from "./views/page.js";

class RunGroups extends HTMLElement {
  connectedCallback() {
    if (this.shadowRoot) return wake(); // Airflow has put it back: what was there is old, and nothing is lost
    const root = this.attachShadow({mode: "open"});
    root.adoptedStyleSheets = sheets;
    this.app = new App(this);
    render(html`<${Page} app=${this.app}/>`, root);
  }

  /** Show what the address says now. */
  update() {
    this.app?.changed();
  }
}
if (!customElements.get("airflow-run-groups")) customElements.define("airflow-run-groups", RunGroups);

// Airflow mounts a component anew whenever the address changes. The element outlives that, with all that was typed.
const kept = new Map();

if (globalThis.React) {
  globalThis["Groups"] = function Groups({dagId = ""}) {
    const {createElement, useLayoutEffect, useRef} = globalThis.React;
    const {useLocation, useNavigate} = globalThis.ReactRouterDOM ?? {};
    const navigate = useNavigate?.(), search = useLocation?.().search, place = useRef(null);
    useLayoutEffect(() => {
      if (!kept.has(dagId)) {
        const element = document.createElement("airflow-run-groups");
        if (dagId) element.setAttribute("dag-id", dagId);
        kept.clear();
        kept.set(dagId, element);
      }
      const element = kept.get(dagId);
      element.navigate = navigate;
      if (element.parentNode !== place.current) place.current.append(element);
      element.update();
    }, [dagId, navigate, search]);
    return createElement("div", {ref: place, style: {height: "100%"}});
  };
}
