// Around every page: what was just done with its undo, and confirm steps as dialogs. Without a script both are pages.
/* global htmx */

import { announce } from "./live.js";

const SHOWN_MS = 30_000;

/** On the command map, forms outside the panel lead into it, as those within do. */
function intoPanel(part) {
  if (!document.getElementById("panel")) return;
  const ways = { "hx-boost": "true", "hx-target": "#content", "hx-select": "#content", "hx-swap": "outerHTML", "hx-push-url": "false", "hx-indicator": "#wait" };
  for (const [name, value] of Object.entries(ways)) part.setAttribute(name, value);
  htmx.process(part);
}

// -- what was just done -----------------------------------------------------------------------------------------------

const box = document.getElementById("toast");
const dialog = document.getElementById("dialog");
dialog.addEventListener("close", () => dialog.replaceChildren()); // what was asked once is not asked again
let timer;

function shown() {
  const toast = box.querySelector(".toast");
  clearTimeout(timer);
  if (!toast) return;
  intoPanel(toast);
  announce(toast.querySelector("span").textContent + " " + toast.querySelector("#undo").textContent);
  const later = () => { timer = setTimeout(() => (toast.matches(":hover, :focus-within") ? later() : toast.remove()), SHOWN_MS); };
  later();
  const address = new URL(location);
  if (address.searchParams.has("done")) { address.searchParams.delete("done"); history.replaceState(null, "", address); }
}

document.body.addEventListener("htmx:oobAfterSwap", ({ target }) => { if (target.id === "toast") shown(); });
// htmx needs the form until its answer is in: a form that has left the page takes its answer with it.
document.body.addEventListener("htmx:beforeSwap", ({ detail: { requestConfig } }) => {
  const form = requestConfig?.elt;
  if (!form || requestConfig.verb !== "post") return;
  if (box.contains(form)) box.replaceChildren();
  if (dialog.contains(form)) dialog.close();
});
shown();

// -- no answer: what was pressed is said not to have gone, and stays to be pressed again with the same request number -------

const { words } = JSON.parse(document.getElementById("frame").textContent);
const BY_ITSELF = ["act", "load", "change", "toggle"]; // what asks by itself

function unanswered({ detail: { requestConfig } }) {
  if (BY_ITSELF.includes(requestConfig?.triggeringEvent?.type)) return;
  const toast = Object.assign(document.createElement("div"), { className: "toast bad" });
  toast.setAttribute("role", "alert");
  const dismiss = Object.assign(document.createElement("button"), { type: "button", className: "link", textContent: "✕" });
  dismiss.dataset.dismiss = "";
  dismiss.setAttribute("aria-label", words.dismiss);
  toast.append(Object.assign(document.createElement("span"), { textContent: words.unsent }), dismiss);
  clearTimeout(timer);
  box.replaceChildren(toast);
}

for (const name of ["htmx:sendError", "htmx:timeout"]) document.body.addEventListener(name, unanswered);
document.body.addEventListener("htmx:beforeSwap", ({ detail: { requestConfig } }) => {
  if (!BY_ITSELF.includes(requestConfig?.triggeringEvent?.type)) box.querySelector(".toast.bad")?.remove();
});

// -- confirm steps ----------------------------------------------------------------------------------------------------

async function ask(link) {
  const address = new URL(link.href);
  const here = document.getElementById("content")?.dataset.path;
  if (here && !address.searchParams.has("back")) address.searchParams.set("back", here);
  const answer = await fetch(address, { headers: { "HX-Request": "true" } });
  const page = new DOMParser().parseFromString(await answer.text(), "text/html").getElementById("content");
  if (!page) { location.assign(address); return; }
  dialog.replaceChildren(...page.childNodes);
  const heading = dialog.querySelector("h1");
  if (heading) { heading.id = "dialog-title"; dialog.setAttribute("aria-labelledby", heading.id); }
  intoPanel(dialog);
  dialog.showModal();
  (dialog.querySelector("input:not([type=hidden])") ?? dialog.querySelector("[data-dismiss]"))?.focus();
}

document.addEventListener("click", (event) => {
  const { target } = event;
  const link = target.closest?.("a[data-dialog]");
  if (link && !event.ctrlKey && !event.metaKey && dialog.showModal) {
    event.preventDefault();
    event.stopPropagation();
    ask(link).catch(() => location.assign(link.href));
  } else if (target.closest?.("[data-dismiss]")) {
    if (dialog.contains(target)) { event.preventDefault(); event.stopPropagation(); dialog.close(); }
    else target.closest(".toast")?.remove();
  }
}, true);
