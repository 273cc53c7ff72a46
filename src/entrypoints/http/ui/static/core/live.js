// What is shown stays up to date: read again and again, and never when nobody looks.

import {useEffect, useRef, useState} from "./html.js";
import {session} from "./api.js";

export const FAST = 3_000; // while runs are queued or running
export const SLOW = 30_000;
const SLOWEST = 60_000; // after errors
const REST = 30 * 60_000; // without input: a page left open keeps no session alive for ever

let lastInput = Date.now();
const looks = new EventTarget(); // says "wake" when somebody looks again

/** Whether somebody may be looking: not at a hidden tab, and not for half an hour without input. */
export const isLookedAt = () => !document.hidden && Date.now() - lastInput < REST;

function noteInput() {
  const rested = Date.now() - lastInput >= REST;
  lastInput = Date.now();
  if (rested) looks.dispatchEvent(new Event("wake"));
}
for (const kind of ["pointerdown", "pointermove", "keydown", "wheel"]) addEventListener(kind, noteInput, {passive: true});
for (const [target, kind] of [[document, "visibilitychange"], [window, "focus"], [session, "change"]]) {
  target.addEventListener(kind, () => looks.dispatchEvent(new Event("wake")));
}

/** Say that what is shown may be old, as when the page is back in its document. */
export const wake = () => looks.dispatchEvent(new Event("wake"));

/** Call this function whenever somebody looks again; returns how to stop. */
export function onLook(look) {
  looks.addEventListener("wake", look);
  return () => looks.removeEventListener("wake", look);
}

/** Read at once and then again and again; the component that calls it has a `key` of what it reads.
 *
 * @param read returns a promise of the value, which is the same object as before when nothing has changed
 * @param isBusy tells of a value whether more is about to happen
 * @param isShown tells whether the page is in its document
 * @returns {{value, error, refresh}} the last value, and the error if the last attempt had one
 */
export function useLive(read, isBusy, isShown) {
  const [seen, show] = useState({});
  const refresh = useRef();
  const latest = useRef();
  latest.current = {read, isBusy};
  useEffect(() => {
    const ended = new AbortController();
    let timer, reading, again, missed, failures = 0, value, readAt = 0;
    const turn = async () => {
      if (reading) again = true;
      missed = !isLookedAt() || !isShown() || session.lost;
      if (reading || missed || ended.signal.aborted) return;
      clearTimeout(timer);
      reading = true;
      again = false;
      let delay;
      try {
        value = await latest.current.read(ended.signal);
        failures = 0;
        delay = latest.current.isBusy(value) ? FAST : SLOW;
        show((old) => (old.value === value && !old.error ? old : {value}));
      } catch (error) {
        delay = Math.max(Math.min(FAST * 2 ** failures++, SLOWEST), (error.retryAfter ?? 0) * 1000);
        if (!ended.signal.aborted) show((old) => ({...old, error}));
      }
      reading = false;
      readAt = Date.now();
      if (again) turn();
      else if (!ended.signal.aborted) timer = setTimeout(turn, delay);
    };
    const look = () => {
      if (missed || failures || Date.now() - readAt >= FAST) turn();
    };
    refresh.current = turn;
    const stop = onLook(look);
    session.addEventListener("change", turn);
    turn();
    return () => {
      ended.abort();
      clearTimeout(timer);
      stop();
      session.removeEventListener("change", turn);
    };
  }, []);
  return {...seen, refresh: () => refresh.current?.()};
}
