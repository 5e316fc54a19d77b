// An order on a telephone with a weak line. What is pressed is kept in the telephone, each act with the request id that
// the server gave its form, and sent again until it is answered: the server applies a request id once.

import { share } from "./phone-share.js";

const config = JSON.parse(document.getElementById("config").textContent);
const { said, token, order } = config;
const KEY = `muster order ${order}`;
const ANSWER_MS = 15_000;
const FIRST_WAIT_MS = 1_000, LONGEST_WAIT_MS = 30_000, POLL_MS = 45_000;

const standing = () => document.getElementById("standing");

// -- what is kept -----------------------------------------------------------------------------------------------------

/**
 * What waits, and what was refused: steps {act, request_id, reason, refused?} and words {act, request_id, body, refused?}.
 * In memory where nothing can be stored.
 */
let kept = [];
try {
  kept = JSON.parse(localStorage.getItem(KEY) || "[]");
} catch { /* no storage, or not ours: begin with nothing */ }

let era = 0; // grows with each press and each answer: a page that was asked for before is out of date

function keep(acts) {
  era += 1;
  kept = acts;
  try {
    if (kept.length) localStorage.setItem(KEY, JSON.stringify(kept));
    else localStorage.removeItem(KEY);
  } catch { /* private windows may refuse to store: what is kept lives as long as the page */ }
}

// The same order in a second window: what is pressed there is kept here, too, so that neither writes over the other's.
window.addEventListener("storage", ({ key, newValue }) => {
  if (key !== KEY) return;
  era += 1;
  kept = JSON.parse(newValue || "[]");
  show();
  flush();
});

let sent = []; // what was sent since the last press
let done = new Set(); // acts that were answered and that the page, which is older, still offers
let sending = false;

function line(className, mark, ...texts) {
  const item = document.createElement("li");
  item.className = className;
  item.append(Object.assign(document.createElement("b"), { textContent: mark }), texts.join(" "));
  return item;
}

const isStep = ({ act }) => act in config.acts;

/** What was pressed or said, in words. */
const named = (one) => isStep(one) ? config.acts[one.act] : one.body === undefined ? said.heard : one.body;

/** Show what waits, what went and what was refused, and offer the first step that nobody has pressed. */
function show() {
  const waiting = kept.filter(({ refused }) => !refused);
  const pressed = new Set([...done, ...waiting.filter(isStep).map(({ act }) => act)]);
  const forms = [...standing().querySelectorAll("form[data-act]")];
  const next = pressed.has("refuse") ? null : forms.find((form) => !pressed.has(form.dataset.act));
  for (const form of forms) form.hidden = form !== next;
  document.getElementById("refuse")?.toggleAttribute("hidden", pressed.size > 0);
  const told = (one) => one.refused
    ? line("refused", "✕", `${named(one)} ·`, said.refused, one.refused)
    : line("waiting", "◌", `${named(one)} ·`, sending ? said.sending : said.kept);
  document.getElementById("kept").replaceChildren(
    ...kept.filter(isStep).map(told), ...sent.map((act) => line("sent", "✓", `${config.acts[act]} ·`, said.sent)),
  );
  document.getElementById("unsaid").replaceChildren(...kept.filter((one) => !isStep(one)).map(told));
  const heard = new Set(waiting.map(({ act }) => act));
  for (const form of document.querySelectorAll("#talk-list form")) form.hidden = heard.has(form.dataset.say);
}

/** A request id where the page has none left: several things can be said before the network is back. */
function newId() {
  const [a, b, c, d, e, f, g, h] = crypto.getRandomValues(new Uint16Array(8));
  const hex = [a, b, c, (d & 0x0fff) | 0x4000, (e & 0x3fff) | 0x8000, f, g, h].map((part) => part.toString(16).padStart(4, "0"));
  return [hex.slice(0, 2).join(""), hex[2], hex[3], hex[4], hex.slice(5).join("")].join("-");
}

document.addEventListener("submit", (event) => {
  const form = event.target.closest("form[data-say]");
  if (!form) return;
  event.preventDefault();
  const { request_id: id, body } = Object.fromEntries(new FormData(form));
  if (body === undefined || body.trim()) {
    keep([...kept.filter(({ refused }) => !refused), { act: form.dataset.say, request_id: id, body }]);
    sent = [];
    form.reset();
    form.elements.request_id.value = newId();
  }
  show();
  flush();
});

document.addEventListener("submit", (event) => {
  const form = event.target.closest("form[data-act]");
  if (!form) return;
  event.preventDefault();
  const { act } = form.dataset;
  const { request_id: id, reason } = Object.fromEntries(new FormData(form));
  if (!kept.some((one) => one.request_id === id)) {
    keep([...kept.filter(({ refused }) => !refused), { act, request_id: id, reason: reason ?? "" }]);
    sent = [];
  }
  show();
  flush();
});

// -- sending ----------------------------------------------------------------------------------------------------------

let wait = FIRST_WAIT_MS;
let timer;

/** Post JSON; null where no answer came, or none that settles anything. */
export async function post(path, body) {
  try {
    const answer = await fetch(`/api/v1/order-links/${token}/${path}`, {
      method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify(body),
      cache: "no-store", signal: AbortSignal.timeout(ANSWER_MS),
    });
    if (answer.status >= 500 || answer.status === 429) return null;
    return { ok: answer.ok, status: answer.status, body: await answer.json() };
  } catch {
    return null;
  }
}

/** Send what waits, one after the other in the order of pressing. One act that gets no answer holds the ones after it. */
async function flush() {
  if (sending) return;
  clearTimeout(timer);
  let went = false;
  for (let item; (item = kept.find(({ refused }) => !refused));) {
    sending = true;
    show();
    const answer = await post(item.act, { request_id: item.request_id, reason: item.reason, body: item.body });
    sending = false;
    if (answer === null) {
      timer = setTimeout(flush, wait * (0.75 + Math.random() / 2));
      wait = Math.min(wait * 2, LONGEST_WAIT_MS);
      show();
      return;
    }
    wait = FIRST_WAIT_MS;
    went = true;
    if (answer.ok || answer.body.code?.endsWith("already_done")) {
      keep(kept.filter((one) => one.request_id !== item.request_id));
      if (isStep(item)) {
        sent.push(item.act);
        done.add(item.act);
      }
    } else {
      const why = config.refusals[answer.body.code] || config.failed;
      // steps that were pressed after a step rest on it; words stand by themselves
      const rests = (one) => one.request_id === item.request_id || (isStep(item) && isStep(one) && !one.refused);
      keep([...kept.filter((one) => !rests(one)), { ...item, refused: why }]);
    }
    show();
  }
  if (went) refresh();
}

// -- the page as the server has it ------------------------------------------------------------------------------------

/** Ask for the page again, and take over what may have changed. */
async function refresh() {
  const asked = era;
  let page;
  try {
    const answer = await fetch(location.pathname, { cache: "no-store", headers: { "X-Refresh": "1" }, signal: AbortSignal.timeout(ANSWER_MS) });
    if (answer.status >= 500) throw new Error(answer.status);
    page = new DOMParser().parseFromString(await answer.text(), "text/html");
  } catch {
    offline(true);
    return;
  }
  offline(false);
  if (asked !== era) { // whoever pressed or was answered meanwhile knows better; flush asks again when all is sent
    if (!kept.some(({ refused }) => !refused) && !sending) refresh();
    return;
  }
  if (!page.getElementById("standing")) { // the link ended
    document.querySelector("main").replaceChildren(...page.querySelector("main").children);
    keep([]);
    sharing?.stop();
    return;
  }
  done = new Set();
  for (const id of ["standing", "talk-list", "around"]) {
    document.getElementById(id).replaceWith(document.adoptNode(page.getElementById(id)));
  }
  const refuse = page.getElementById("refuse");
  if (!refuse) document.getElementById("refuse")?.remove();
  sharing?.follow(Boolean(page.getElementById("share")));
  map?.draw(JSON.parse(page.getElementById("drawn")?.textContent ?? "null"));
  show();
}

function offline(is) {
  const notice = document.getElementById("offline");
  notice.hidden = !is;
  notice.textContent = is ? said.offline.replace("{0}", standing().dataset.at) : "";
}

const back = () => {
  wait = FIRST_WAIT_MS;
  flush();
  refresh();
};
window.addEventListener("online", back);
window.addEventListener("offline", () => offline(true));
document.addEventListener("visibilitychange", () => { if (!document.hidden) back(); });
setInterval(() => { if (!document.hidden && !sending) refresh(); }, POLL_MS);

// -- more than buttons ------------------------------------------------------------------------------------------------

const sharing = share(document.getElementById("share"), { ...config, key: `${KEY} way`, post });
let map;

/** The map comes last: buttons and turns must not wait for it. */
async function unfold() {
  const box = document.getElementById("map");
  if (!box) return;
  try {
    const { makeMap } = await import("./phone-map.js");
    map = await makeMap(box, config, JSON.parse(document.getElementById("drawn").textContent));
  } catch { /* not reached: the sketch stands */ }
}

show();
flush();
if (!navigator.onLine) offline(true);
if ("serviceWorker" in navigator) navigator.serviceWorker.register("/o/worker.js", { scope: "/o/" }).catch(() => {});
if (document.readyState === "complete") unfold();
else window.addEventListener("load", unfold);
