// Requests to the service, which lies three folders above this file: <service>/ui/<version>/core/api.js.

export const service = new URL("../../../", import.meta.url);
export const version = decodeURIComponent(new URL("..", import.meta.url).pathname.split("/").at(-2));

const TOKEN = "airflow-run-groups.token"; // of this tab, under `auth = token`
const KEPT = 300; // answers whose tag is remembered; a group of 100,000 runs has 200 pages

/** What the service refused, or could not do: its words, its `reason`, its status (0 when there was no response). */
export class Refused extends Error {
  constructor(status, words, reason, retryAfter) {
    super(words);
    Object.assign(this, {status, reason, retryAfter});
  }
}

/** Whether the caller is known: `lost` after a 401, until a token is given. */
export const session = new EventTarget();
session.lost = false;

const setLost = (lost) => {
  if (session.lost === lost) return;
  session.lost = lost;
  session.dispatchEvent(new Event("change"));
};

/** Take this token from now on, in this tab; refused when the service does not know it. */
export async function signIn(token) {
  sessionStorage.setItem(TOKEN, token);
  await look();
}

/** See whether the caller is known. */
export const look = () => ask("me");

// Airflow 3.0 and 3.1.0 keep the token of their own page in local storage. Later ones have a cookie, and may have left an old
// token there: once it is refused, the cookie counts.
let outdated = null;

function airflowsToken() {
  const token = localStorage.getItem("token");
  return token === outdated ? null : token;
}

const answers = new Map();

function remember(path, tag, value) {
  answers.delete(path);
  answers.set(path, {tag, value});
  if (answers.size > KEPT) answers.delete(answers.keys().next().value);
}

/** Send a request and return what its `response` holds: the very same object as before when nothing has changed. */
export async function ask(path, {method = "GET", body, signal} = {}) {
  const own = sessionStorage.getItem(TOKEN), token = own ?? airflowsToken();
  const headers = token ? {authorization: `Bearer ${token}`} : {};
  const known = method === "GET" ? answers.get(path) : undefined;
  if (body !== undefined) headers["content-type"] = "application/json";
  if (known) headers["if-none-match"] = known.tag;
  let got;
  try {
    got = await fetch(new URL(path, service), {
      method, headers, signal, credentials: "same-origin", body: body === undefined ? undefined : JSON.stringify(body),
    });
  } catch (error) {
    if (signal?.aborted) throw error;
    throw new Refused(0, "The service cannot be reached.");
  }
  if (got.status === 401 && token && !own) {
    outdated = token;
    return ask(path, {method, body, signal});
  }
  setLost(got.status === 401);
  if (got.status === 304) return known.value;
  const {response} = await got.json().catch(() => ({}));
  if (!got.ok) throw refusal(got, response);
  const tag = got.headers.get("etag");
  if (tag) remember(path, tag, response);
  return response;
}

function refusal(got, response) {
  const after = Number(got.headers.get("retry-after")) || undefined;
  return new Refused(got.status, response?.error ?? `HTTP ${got.status}`, response?.reason, after);
}

/** Write a path of the service, each `${…}` of it encoded. */
export const path = (words, ...values) =>
  words.reduce((whole, word, n) => whole + encodeURIComponent(values[n - 1]) + word);

/** Write a query of those parameters that have a value. */
export const query = (parameters) =>
  new URLSearchParams(Object.entries(parameters).filter(([, value]) => value !== undefined && value !== null && value !== "")).toString();
