// The working panels: clocks that tick, forms that help, copying, and one event that links cards with ways on the map.
/* global htmx */

import { tick } from "./clocks.js";
import "./highlight.js";

// -- reporting: the level that a type of incident usually has, until somebody chooses one ------------------------------

function preselect(form) {
  if (!form || form.dataset.touched !== undefined || form.querySelector("[name=level]:checked[data-kept]")) return;
  const usual = form.querySelector("[name=type]")?.selectedOptions[0]?.dataset.level;
  const radio = form.querySelector(`[name=level][value="${usual}"]`);
  if (radio) radio.checked = true;
}

document.addEventListener("change", ({ target }) => {
  const form = target.closest?.("form[data-report]");
  if (!form) return;
  if (target.name === "level") form.dataset.touched = "";
  if (target.name === "type") preselect(form);
});

// Words for the place and a click on the map: the later one counts.
document.addEventListener("input", ({ target }) => {
  const form = target.closest?.("form[data-report]");
  if (!form || !target.value) return;
  const other = target.name === "place" ? ["lon", "lat"] : ["lon", "lat"].includes(target.name) ? ["place"] : [];
  for (const name of other) form.elements[name].value = "";
  if (target.name === "place") suggest(target);
});

let asked = 0;
let waiting;
function suggest(input) {
  clearTimeout(waiting);
  waiting = setTimeout(async () => {
    const turn = ++asked;
    const answer = await fetch(`/api/v1/search?q=${encodeURIComponent(input.value.trim())}`);
    if (!answer.ok || turn !== asked || !input.list) return;
    const found = (await answer.json()).slice(0, 8);
    const called = (place) => (document.documentElement.lang === "en" && place.name_en) || place.name;
    input.list.replaceChildren(...found.map((place) => {
      const option = document.createElement("option");
      const alone = found.filter((other) => called(other) === called(place)).length === 1;
      option.value = alone ? called(place) : place.code; // two of one name are told apart by their codes
      option.label = alone ? place.code : called(place);
      return option;
    }));
  }, 200);
}

// -- buttons that need no server ----------------------------------------------------------------------------------------

document.addEventListener("click", ({ target }) => {
  const button = target.closest?.("[data-copy-from], [data-take], [data-tick], [data-print]");
  if (!button) return;
  const { copyFrom, take, tick: ticked, print: printing } = button.dataset;
  if (copyFrom) copy(document.getElementById(copyFrom), button);
  if (printing !== undefined) window.print();
  if (take !== undefined) button.closest(".field").querySelector("input, textarea").value = take;
  if (ticked !== undefined) {
    for (const box of button.form.elements) if (box.type === "checkbox") box.checked = box.dataset.state === ticked;
  }
});

/** Copy a text field. An intranet page without https has no clipboard, but what is selected can be copied there too. */
function copy(field, button) {
  if (navigator.clipboard) navigator.clipboard.writeText(field.value);
  else {
    field.select();
    document.execCommand("copy");
  }
  button.dataset.done = "";
}

// -- the page of an outage: it asks again by itself, and nothing moves under a reader before there is an answer ------------

const AGAIN_MS = 2000;
let asking = false;

async function askAgain() {
  const away = document.querySelector("[data-ask-again]");
  if (!away || asking) return;
  asking = true;
  const address = away.dataset.askAgain;
  const answer = await fetch(address, { cache: "no-store" }).catch(() => null);
  asking = false;
  if (!answer || answer.status === 503 || !away.isConnected) return;
  if (document.getElementById("panel")) htmx.ajax("GET", address, { target: "#content", select: "#content", swap: "outerHTML" });
  else location.replace(address);
}

setInterval(askAgain, AGAIN_MS);

// Ticks stay when somebody else's act redraws the list.
let ticks = [];
document.addEventListener("htmx:beforeSwap", () => {
  ticks = [...document.querySelectorAll("input[type=checkbox][form=links]:checked")].map(({ value }) => value);
});

function settled() {
  for (const box of document.querySelectorAll("input[type=checkbox][form=links]")) if (ticks.includes(box.value)) box.checked = true;
  preselect(document.querySelector("form[data-report]"));
  tick();
}
document.body?.addEventListener("htmx:afterSettle", settled);
settled();
