// Where the page is: all that varies is the query of the address, so it is the same in Airflow's navigation, a DAG's tab and alone.

import {createContext} from "../vendor/preact.js";
import {useContext} from "./html.js";
import {service} from "./api.js";

const Context = createContext();
export const AppContext = Context.Provider;
export const useApp = () => useContext(Context);

export class App {
  /** @param element the custom element; `dag-id` names the DAG of a tab, `airflow` the address of Airflow's pages. */
  constructor(element) {
    this.element = element;
    this.changed = () => {};
  }

  /** The DAG of the tab in which the page is shown. */
  get dag() {
    return this.element.getAttribute("dag-id") || undefined;
  }

  /** The address of Airflow's own pages, null beside no Airflow. */
  get airflow() {
    const named = this.element.getAttribute("airflow");
    if (named) return new URL(named.replace(/\/?$/, "/"), document.baseURI);
    return this.element.navigate ? new URL("../../", service) : null;
  }

  isShown = () => this.element.isConnected;

  /** What the address says. */
  at() {
    const found = Object.fromEntries(new URLSearchParams(location.search));
    return {...found, dag: this.dag ?? found.dag, view: found.group ? "group" : found.view ?? "list"};
  }

  href(to) {
    const search = new URLSearchParams(Object.entries(to).filter(([key, value]) => value && !(key === "dag" && value === this.dag)));
    return `${location.pathname}${search.size ? `?${search}` : ""}`;
  }

  /** Go there without loading a page. */
  go(to, {replace = false} = {}) {
    const href = this.href(to);
    if (this.element.navigate) this.element.navigate({search: new URL(href, location).search}, {replace});
    else history[replace ? "replaceState" : "pushState"](null, "", href);
    this.changed();
  }

  /** Return the address of a page of Airflow's, or undefined where there is none. */
  airflowHref(...steps) {
    return this.airflow ? new URL(steps.map(encodeURIComponent).join("/"), this.airflow).href : undefined;
  }

  /** Follow a link to a page of Airflow's as Airflow itself does, where the click is a plain one. */
  follow(event, ...steps) {
    if (!this.element.navigate || event.button || event.metaKey || event.ctrlKey || event.shiftKey) return;
    event.preventDefault();
    this.element.navigate(`/${steps.map(encodeURIComponent).join("/")}`);
  }
}
