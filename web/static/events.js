// What happens, told to this page. An event says that something changed, never what it contains: readers ask again.

import { Stream } from "./stream.js";

const HERE_MS = 30_000;

const listeners = [];
let state = "reconnecting";
let seen = Number(document.body.dataset.number);
const made = Date.now() - (performance.now() - (performance.getEntriesByType("navigation")[0]?.responseStart ?? 0));

/**
 * Call `changed(act)` after each act, `live(true | false)` when the stream stands or falls, and `moved(unit)` when a unit
 * reports its position: `{team: id}` or `{vehicle: id}`. `told({state, heard})` hears how fresh everything is: state is
 * live, reconnecting, deaf (the server does not hear its database) or ended (signed out); `heard` in ms.
 */
export function listen(changed, live = () => {}, moved = () => {}, told = () => {}) {
  listeners.push({ changed, live, moved, told });
  if (listeners.length === 1) connect();
}

function hear(message) {
  const { act, position } = message;
  if (act) {
    seen = act.number;
    for (const { changed } of listeners) changed(act);
  } else if (position) {
    for (const { moved } of listeners) moved(position);
  } else {
    const before = state;
    state = message.state;
    for (const { live, told } of listeners) {
      told(message);
      if ((state === "live") !== (before === "live")) live(state === "live");
    }
  }
}

let hurry = () => {};

function alone() {
  let stream = new Stream(hear, seen, made);
  hurry = () => stream.hurry();
  window.addEventListener("pagehide", () => stream.close());
  window.addEventListener("pageshow", ({ persisted }) => { if (persisted) stream = new Stream(hear, seen, made); });
}

function connect() {
  if (!window.SharedWorker) return alone();
  let worker;
  try {
    worker = new SharedWorker("/static/worker.js", { type: "module", name: "muster stream 1" });
  } catch {
    return alone();
  }
  const { port } = worker;
  let failed = false;
  worker.addEventListener("error", () => { if (!failed) { failed = true; alone(); } }); // it could not be loaded
  const here = (more) => port.postMessage({ since: seen, made, ...more });
  port.addEventListener("message", ({ data }) => hear(data));
  port.start();
  here();
  setInterval(here, HERE_MS);
  hurry = () => here({ hurry: true });
  window.addEventListener("pagehide", () => port.postMessage({ leave: true }));
  window.addEventListener("pageshow", ({ persisted }) => { if (persisted) here(); });
}

window.addEventListener("online", () => hurry());
