// Which view is shown, and what stands above all of them.

import {html, useEffect, useRef, useState} from "../core/html.js";
import {ask, look, service, session, signIn, version} from "../core/api.js";
import {AppContext, useApp} from "../core/app.js";
import {chooseZone, onZone, zone} from "../core/dates.js";
import {isLookedAt, onLook} from "../core/live.js";
import {Note} from "../parts/pieces.js";
import {Coverage} from "./coverage.js";
import {Create} from "./create.js";
import {Group} from "./group.js";
import {List} from "./list.js";

const release = version.split("-")[0]; // the folder has a digest of the files behind it
const OFTEN = 60_000; // how often at most the version of the service is looked at

const VIEWS = {list: List, group: Group, new: Create, coverage: Coverage};

export function Page({app}) {
  const [, again] = useState(0);
  useEffect(() => {
    const changed = () => again((n) => n + 1);
    app.changed = changed;
    const look = new MutationObserver(changed); // language, direction and colours of the document
    look.observe(document.documentElement, {attributes: true});
    const dark = matchMedia("(prefers-color-scheme: dark)"), stop = onZone(changed);
    for (const [target, kind] of [[window, "popstate"], [session, "change"], [dark, "change"]]) target.addEventListener(kind, changed);
    return () => {
      look.disconnect();
      stop();
      for (const [target, kind] of [[window, "popstate"], [session, "change"], [dark, "change"]]) target.removeEventListener(kind, changed);
    };
  }, []);
  const at = app.at(), View = VIEWS[at.view] ?? List;
  const main = useRef(), place = at.group ? `${at.view}/${at.dag}/${at.group}` : at.view;
  useEffect(() => {
    if (main.current.dataset.place) main.current.querySelector("h1")?.focus(); // a screen reader says where one is now
    main.current.dataset.place = place;
  }, [place]);
  return html`<${AppContext} value=${app}><div class="page" dir=${document.documentElement.dir || undefined}>
    <${Newer}/><main ref=${main}><${View} key=${`${place}/${zone()}`}/></main>
    <footer class="foot">${app.element.navigate ? null : html`<${Zone}/>`}<span title=${version}>airflow-run-groups ${release}</span></footer>
    ${session.lost ? html`<${SignIn}/>` : null}</div><//>`;
}

/** What is offered when the service has another version than this page, which was loaded before. */
function Newer() {
  const [now, show] = useState(release);
  useEffect(() => {
    let at = -Infinity;
    const compare = () => {
      if (!isLookedAt() || session.lost || Date.now() - at < OFTEN) return;
      ask("me").then(({me}) => {
        at = Date.now();
        show(me.version);
      }, () => {});
    };
    compare();
    return onLook(compare);
  }, []);
  if (now === release) return null;
  return html`<${Note}>The service has version ${now} now, and this page is of another one. <button type="button" onClick=${() => location.reload()}>Reload</button><//>`;
}

/** Beside Airflow the time zone is chosen here; within, at the foot of its navigation. */
function Zone() {
  const own = new Intl.DateTimeFormat().resolvedOptions().timeZone;
  const names = [...new Set(["UTC", own, zone()])];
  return html`<label>Times in <select value=${zone()} onChange=${(event) => chooseZone(event.target.value)}>${names.map((name) => html`<option key=${name}>${name}</option>`)}</select></label>`;
}

/** What is shown when the service does not know the caller any more. Whatever was typed stays behind it. */
function SignIn() {
  const app = useApp(), box = useRef();
  const [token, setToken] = useState("");
  const [refused, setRefused] = useState(null);
  const attempt = async (act) => {
    setRefused(null);
    await act().catch(setRefused);
  };
  const again = () => attempt(look);
  useEffect(() => {
    box.current.showModal();
    addEventListener("focus", again); // back from the tab in which one has signed in
    return () => removeEventListener("focus", again);
  }, []);
  const send = (event) => {
    event.preventDefault();
    attempt(() => signIn(token.trim()));
  };
  const isWithin = app.airflow && service.href.startsWith(app.airflow.href); // the browser's session with Airflow is one here, too
  const form = html`<form onSubmit=${send}><p>${isWithin ? "Or send a token with each request" : "The service asks for a token"}. It is kept for this tab only.</p>
    <label class="field-of">Token<input type="password" required autocomplete="off" value=${token} onInput=${(event) => setToken(event.target.value)}/></label>
    ${refused ? html`<${Note} kind="error">${refused.message}<//>` : null}
    <footer><button class="solid">Sign in</button></footer></form>`;
  return html`<dialog ref=${box} class="sign-in" aria-labelledby="sign-in" onCancel=${(event) => event.preventDefault()}><h2 id="sign-in">Sign in</h2>
    ${isWithin ? html`<p>Your session has ended. Sign in to Airflow in another tab and come back: all that you have typed is still here.</p>
      <footer><button type="button" onClick=${again}>Try again</button>
        <a class="button solid" href=${`${app.airflow}api/v2/auth/login?${new URLSearchParams({next: location.href})}`} target="_blank" rel="noopener">Sign in to Airflow</a></footer>
      <details><summary>Use a token</summary>${form}</details>` : form}</dialog>`;
}
