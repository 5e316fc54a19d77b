// A SharedWorker: one stream for all tabs of a browser. Browsers open six connections to a server without HTTP/2, so that a
// stream for each tab would leave none for the seventh tab to ask anything with.

import { Stream } from "./stream.js";

const KEPT = 500;
const GONE_MS = 150_000; // a page says every 30 s that it is there; a tab that sleeps joins again when it wakes

const pages = new Map(); // port → when it was heard
let stream = null;
let acts = []; // the newest, for pages that were made before and joined after
let floor = 0; // every act after this number is in `acts`

function tell(message) {
  if (message.act) {
    if (message.act.act === "journal.restored") { acts = []; floor = message.act.number; }
    else acts.push(message.act);
    if (acts.length > KEPT) floor = acts.shift().number;
  }
  for (const [port, heard] of pages) {
    if (Date.now() - heard > GONE_MS) leave(port);
    else port.postMessage(message);
  }
}

function join(port, { since, made }) {
  pages.set(port, Date.now());
  if (!stream) {
    acts = [];
    floor = since;
    stream = new Stream(tell, since, made);
    return;
  }
  stream.hurry();
  if (since < floor) port.postMessage({ act: { number: stream.last, act: "journal.missed" } });
  else for (const act of acts) if (act.number > since) port.postMessage({ act });
  port.postMessage(stream.status);
}

function leave(port) {
  pages.delete(port);
  if (pages.size) return;
  stream?.close();
  stream = null;
}

self.addEventListener("connect", ({ ports: [port] }) => {
  port.addEventListener("message", ({ data }) => {
    if (data.leave) leave(port);
    else if (pages.has(port)) { pages.set(port, Date.now()); if (data.hurry) stream.hurry(); }
    else join(port, data);
  });
  port.start();
});
