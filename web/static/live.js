// Every page: how fresh its data is, in the bar; sections that ask again when the journal grew; focus that stays where it was.
/* global htmx */

import { listen } from "./events.js";

const TOGETHER_MS = 150; // acts that come in a burst are one reason to ask again
const { words, zone, lang } = JSON.parse(document.getElementById("frame").textContent);
const light = document.getElementById("live");
const told = document.getElementById("told");
const clock = new Intl.DateTimeFormat(lang, { timeZone: zone, hour: "2-digit", minute: "2-digit", second: "2-digit", hourCycle: "h23" });

/** Say something to whoever cannot see it. */
export function announce(text) {
  told.textContent = "";
  setTimeout(() => { told.textContent = text; }, 50);
}

// -- the bar ----------------------------------------------------------------------------------------------------------

let status = null;

function age() {
  if (!light || !status) return;
  const { state, heard } = status;
  const seconds = Math.max(0, Math.round((Date.now() - heard) / 1000));
  const text = state === "live" ? words.live.replace("{0}", seconds) : words[state].replace("{0}", clock.format(new Date(heard)));
  light.firstElementChild.textContent = text;
}

function show(now) {
  const before = status?.state;
  status = now;
  age();
  if (!light || before === now.state) return;
  light.dataset.state = now.state;
  const door = document.getElementById("sign-in-again");
  door.hidden = now.state !== "ended";
  door.href = `/login?next=${encodeURIComponent(location.pathname + location.search)}`;
  if (before && (before === "live" || now.state === "live")) announce(light.textContent);
}

setInterval(age, 1000);

const count = document.getElementById("waiting");

/** Count again what waits for an answer; whoever cannot see the bar is told when it became more. */
async function countWaiting() {
  const answer = await fetch("/api/v1/messages/waiting");
  if (!answer.ok) return;
  const { count: now } = await answer.json();
  const before = Number(count.firstElementChild.textContent);
  const text = words.waiting.replace("{0}", now);
  count.hidden = now === 0;
  count.title = count.lastElementChild.textContent = text;
  count.firstElementChild.textContent = now;
  if (now > before) announce(`${count.parentElement.firstChild.textContent.trim()}: ${text}`);
}

// -- sections that ask again ------------------------------------------------------------------------------------------

const AGAIN_MS = 2000;
let waiting = null;
let recount = null;
let postponed = false;

const said = ({ act }) => act.startsWith("message.") || act.startsWith("journal.");

function grew(act) {
  if (count && said(act)) recount ??= setTimeout(() => { recount = null; countWaiting().catch(() => {}); }, TOGETHER_MS);
  waiting ??= setTimeout(() => { waiting = null; htmx.trigger(document.body, "act", act); }, TOGETHER_MS);
}

if (light) listen(grew, () => {}, () => {}, show);

const byAct = ({ requestConfig }) => requestConfig?.triggeringEvent?.type === "act";
const TYPED = "input:not([type=checkbox]):not([type=radio]), textarea, select";

/** Whether somebody is in the middle of something there, which a new copy would take away. */
function busy(part) {
  const at = document.activeElement;
  return part.contains(at) && at.matches(TYPED) || [...part.querySelectorAll("input, textarea")].some((one) => one.type !== "hidden" && "defaultValue" in one && one.value !== one.defaultValue);
}

const sameAs = (one) => (two) => two.tagName === one.tagName && ["id", "name", "href", "action"].every((key) => two.getAttribute(key) === one.getAttribute(key)) && two.textContent.trim() === one.textContent.trim();

/** A section that got no answer keeps what it shows and asks once more: what happened is told to it only once. */
function unanswered({ detail }) {
  if (byAct(detail)) setTimeout(grew, AGAIN_MS, { act: "unanswered" });
}

for (const name of ["htmx:sendError", "htmx:timeout"]) document.body.addEventListener(name, unanswered);
document.body.addEventListener("htmx:beforeSwap", (event) => {
  const { detail } = event;
  const { target } = detail;
  if (detail.xhr.status >= 500 && target.id !== "content") { detail.shouldSwap = false; unanswered(event); return; }
  if (!byAct(detail)) return;
  if (busy(target)) { detail.shouldSwap = false; postponed = true; return; }
  const focus = target.contains(document.activeElement) ? document.activeElement : null;
  const open = [...target.querySelectorAll("details[open]")].map((one) => one.querySelector("summary")?.textContent);
  if (!target.id || (!focus && !open.length)) return;
  document.body.addEventListener("htmx:afterSwap", () => {
    const now = document.getElementById(target.id);
    if (!now) return;
    for (const one of now.querySelectorAll("details")) if (open.includes(one.querySelector("summary")?.textContent)) one.open = true;
    if (focus) [...now.querySelectorAll(focus.tagName)].find(sameAs(focus))?.focus({ preventScroll: true });
  }, { once: true });
});
document.body.addEventListener("focusout", () => {
  if (!postponed) return;
  postponed = false;
  grew({ act: "postponed" });
});

// After a page came into the panel, reading goes on at its heading, or at the reason why something was not done.
document.body.addEventListener("htmx:afterSettle", ({ target, detail }) => {
  if (target.id !== "content" || byAct(detail) || detail.requestConfig?.triggeringEvent?.type === "load") return;
  const to = target.querySelector("[role=alert]") ?? target.querySelector("h1, h2");
  if (!to || target.querySelector("[autofocus]")) return;
  to.tabIndex = -1;
  to.focus({ preventScroll: true });
});

document.body.addEventListener("click", ({ target }) => {
  if (target.dataset?.copy) navigator.clipboard?.writeText(target.dataset.copy);
});
