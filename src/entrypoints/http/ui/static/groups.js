// The element <airflow-run-groups dag-id="…">, and the function by which Airflow's UI shows it.

/** The address of the API: this file lies at ui/<version>-<digest>/groups.js below it. */
const api = new URL("../../", import.meta.url);

class RunGroups extends HTMLElement {
  connectedCallback() {
    const link = Object.assign(document.createElement("a"), {href: new URL("docs", api), textContent: "requests"});
    this.replaceChildren("The page of groups is not in this build; what it will show can be had by ", link, ".");
  }
}

if (!customElements.get("airflow-run-groups")) {
  customElements.define("airflow-run-groups", RunGroups);
}

/** One element for each DAG, kept while Airflow mounts the component anew. */
const kept = new Map();

globalThis["Groups"] = function Groups({dagId = ""}) {
  const {createElement, useLayoutEffect, useRef} = globalThis.React;
  const place = useRef(null);
  useLayoutEffect(() => {
    let element = kept.get(dagId);
    if (!element) {
      element = document.createElement("airflow-run-groups");
      element.setAttribute("dag-id", dagId);
      kept.clear();
      kept.set(dagId, element);
    }
    place.current.append(element);
  }, [dagId]);
  return createElement("div", {ref: place, style: {height: "100%"}});
};
