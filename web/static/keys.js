// Keys for everything frequent. One registry: it is what works, and what the list behind "?" shows.

const { keys: words } = JSON.parse(document.getElementById("frame").textContent);
const PAUSE_MS = 1200; // between the two letters of "g i"

/** Follow a link to a page: into the panel where it is beside the map, else as a page. */
function go(path) {
  const link = document.querySelector(`.tabs a[href="${path}"], .bar nav a[href="${path}"], .bar .more a[href="${path}"]`);
  if (link) link.click();
  else location.assign(path);
}

const first = (...selectors) => selectors.map((one) => [...document.querySelectorAll(one)].find((part) => part.checkVisibility?.() ?? part.offsetParent)).find(Boolean);

function focus(...selectors) {
  const part = first(...selectors);
  part?.focus();
  part?.scrollIntoView({ block: "center" });
  return Boolean(part);
}

function report() {
  if (focus("form[data-report] [name=type]", "#content form[action='/incidents'] [name=type]")) return;
  document.body.addEventListener("htmx:afterSettle", () => focus("form[data-report] [name=type]", "#content form[action='/incidents'] [name=type]"), { once: true });
  go("/incidents");
}

/** Step through the rows of what is shown: the first link or button of each card, list item or line of a table. */
function step(by) {
  const rows = [...document.querySelectorAll("#content .card, #content tbody tr, #content .timeline > li")]
    .map((row) => row.querySelector("a, button, summary")).filter((part) => part && (part.checkVisibility?.() ?? true));
  if (!rows.length) return;
  const at = rows.findIndex((part) => part.closest(".card, tr, li").contains(document.activeElement));
  const next = rows[at < 0 ? (by > 0 ? 0 : rows.length - 1) : Math.min(rows.length - 1, Math.max(0, at + by))];
  next.focus();
  next.scrollIntoView({ block: "nearest" });
}

const KEYS = [
  ["g m", "map", () => go("/")],
  ["g i", "incidents", () => go("/incidents")],
  ["g o", "orders", () => go("/orders")],
  ["g c", "closures", () => go("/closures")],
  ["g s", "messages", () => go("/messages")],
  ["g t", "timeline", () => go("/timeline")],
  ["g h", "handover", () => go("/handover")],
  ["n", "report", report],
  ["p", "plan", () => focus("#needs button.primary", "#content form[action='/plans'] button")],
  ["c", "confirm", () => focus("#content form[action$='/confirm'] button")],
  ["j", "next", () => step(1)],
  ["k", "previous", () => step(-1)],
  ["/", "search", () => focus("input[type=search]", "#content [name=place]")],
  ["u", "undo", () => focus("#undo")],
  ["?", "help", () => help()],
];

const dialog = document.getElementById("dialog");

function help() {
  const list = document.createElement("dl");
  list.className = "facts keys";
  for (const [keys, name] of KEYS) {
    const term = document.createElement("dt");
    term.append(...keys.split(" ").map((key) => Object.assign(document.createElement("kbd"), { textContent: key })));
    list.append(term, Object.assign(document.createElement("dd"), { textContent: words[name] }));
  }
  const title = Object.assign(document.createElement("h1"), { textContent: words.title, id: "dialog-title" });
  const close = Object.assign(document.createElement("button"), { textContent: words.close, type: "button" });
  close.dataset.dismiss = "";
  dialog.setAttribute("aria-labelledby", title.id);
  dialog.replaceChildren(title, list, close);
  dialog.showModal();
  close.focus();
}

let before = "";
let heard = 0;
document.addEventListener("keydown", (event) => {
  const { key, target } = event;
  if (event.ctrlKey || event.metaKey || event.altKey || event.isComposing || dialog.open) return;
  if (target.matches?.("input:not([type=checkbox]):not([type=radio]), textarea, select, [contenteditable]")) return;
  const pair = Date.now() - heard < PAUSE_MS ? `${before} ${key}` : key;
  const found = KEYS.find(([keys]) => keys === pair) ?? KEYS.find(([keys]) => keys === key);
  before = key;
  heard = Date.now();
  if (!found) return;
  event.preventDefault();
  before = "";
  found[2]();
});

document.addEventListener("click", ({ target }) => { if (target.closest?.("[data-keys]")) help(); });
for (const button of document.querySelectorAll("[data-keys], [data-print]")) button.hidden = false;
document.addEventListener("click", ({ target }) => { if (target.closest?.("[data-print]")) print(); });
document.body.addEventListener("htmx:afterSettle", () => { for (const button of document.querySelectorAll("[data-print]")) button.hidden = false; });
