// The small pieces that all views share.

import {html} from "../core/html.js";
import {useApp} from "../core/app.js";
import {count, number} from "../core/dates.js";

/** A group's runs by what the bar shows of them: the cancelled ones apart from those that failed by themselves. */
export function segments({states, cancelled = 0}) {
  const of = {...states, failed: states.failed - cancelled, cancelled};
  return ["success", "failed", "cancelled", "running", "queued"].filter((kind) => of[kind]).map((kind) => [kind, of[kind]]);
}

export function Bar({group, big}) {
  const parts = segments(group);
  const words = parts.map(([kind, n]) => `${number(n)} ${kind}`).join(", ");
  return html`<div class=${`bar ${big ? "big" : ""}`} role="img" aria-label=${`${count(group.runs, "run")}: ${words}`} title=${words}>
    ${parts.map(([kind, n]) => html`<i key=${kind} class=${kind} style=${{flexGrow: n}}>${n / group.runs > 0.08 ? number(n) : ""}</i>`)}</div>`;
}

/** Why the caller may not `create` or `change` runs of a DAG; undefined when they may, or it is not known. */
export const mayNot = (may, what) => (may?.[what] === false ? `You may not ${what} runs of this DAG.` : undefined);

/** A link to another view of the page; a button that says `why` where the caller has no use for it. */
export function Go({to, why, children, ...rest}) {
  const app = useApp();
  if (why) return html`<button type="button" disabled title=${why} ...${rest}>${children}</button>`;
  const follow = (event) => {
    if (event.button || event.metaKey || event.ctrlKey || event.shiftKey) return;
    event.preventDefault();
    app.go(to);
  };
  return html`<a href=${app.href(to)} onClick=${follow} ...${rest}>${children}</a>`;
}

/** A link to a page of Airflow's; where there is no Airflow, to the groups of the DAG, or plain text. */
export function AirflowLink({steps, children, ...rest}) {
  const app = useApp();
  const href = app.airflowHref(...steps);
  if (!href) return steps.length === 2 ? html`<${Go} to=${{dag: steps[1]}} ...${rest}>${children}<//>` : html`<span ...${rest}>${children}</span>`;
  return html`<a href=${href} onClick=${(event) => app.follow(event, ...steps)} ...${rest}>${children}</a>`;
}

export function Note({kind = "warning", role, children, ...rest}) {
  return html`<div class=${`note ${kind}`} role=${role ?? (kind === "error" ? "alert" : "status")} ...${rest}><div class="grow">${children}</div></div>`;
}

/** The service's own words, which begin small. */
export const Warnings = ({of = []}) => (of.length ? html`<${Note}>${of.map((words) => html`<p key=${words}>${words[0].toUpperCase()}${words.slice(1)}.</p>`)}<//>` : null);

/** What went wrong at the last look; what was there before stays. */
export function Trouble({error, stale}) {
  if (!error || error.status === 401) return null;
  return html`<${Note} kind="error">${error.message}${stale ? " What is shown may be old; the page goes on trying." : ""}<//>`;
}

export function Legend({kinds}) {
  return html`<ul class="legend">${kinds.map(([kind, words, n]) => html`<li key=${kind}><i class=${`cell ${kind}`} aria-hidden="true"></i>${words}${n === undefined ? "" : html` <b>${number(n)}</b>`}</li>`)}</ul>`;
}

/** Buttons of which each is on or off; the cells of the other kinds are dimmed. */
export function Chips({kinds, chosen, choose, label}) {
  return html`<div class="chips" role="group" aria-label=${label}>${kinds.map(([kind, words, n]) => html`
    <button key=${kind} type="button" class="chip" aria-pressed=${String(chosen === kind)} onClick=${() => choose(chosen === kind ? null : kind)}>
      ${kind === "active" ? null : html`<i class=${`cell ${kind}`} aria-hidden="true"></i>`}${words} ${n === undefined ? null : html`<b>${number(n)}</b>`}</button>`)}</div>`;
}

/** The names above a view: where it is, and what can be done there. */
export function Head({trail = [], title, sub, children}) {
  return html`<header class="head">
    <div class="title">
      ${trail.length ? html`<nav class="trail" aria-label="Breadcrumb">${trail}</nav>` : null}
      <h1 tabindex="-1">${title}</h1>${sub ? html`<div class="sub">${sub}</div>` : null}</div>
    <div class="does">${children}</div></header>`;
}

/** Text to be copied, with a button that does it. */
export function Copy({text, label}) {
  const copy = async (event) => {
    const button = event.currentTarget;
    await navigator.clipboard.writeText(text);
    button.textContent = "Copied";
    setTimeout(() => { button.textContent = "Copy"; }, 1500);
  };
  return html`<figure class="copy"><figcaption>${label}</figcaption>
    ${navigator.clipboard ? html`<button type="button" class="small" onClick=${copy} aria-label=${`Copy ${label}`}>Copy</button>` : null}
    <pre tabindex="0">${text}</pre></figure>`;
}
