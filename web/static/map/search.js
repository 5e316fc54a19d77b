// The search box: one list for everything that stands on the map, with the keyboard (ARIA combobox) or the mouse.

import { nameOf, textElement } from "./layers.js";

const WAIT_MS = 160;

/** Keep a search box: `fetched(address)` gives JSON, `chosen(found, name)` is called with what somebody picked. */
export function addSearch({ words, names, types, layerNames, fetched, chosen }) {
  const input = document.getElementById("search");
  const list = document.getElementById("search-list");
  const told = document.getElementById("search-told");
  let found = [], at = -1, waiting, turn = 0;

  const kindOf = ({ kind, layer }) =>
    kind === "place" ? layerNames[layer] || words.kinds.place : kind === "area" ? words.levels[layer] || words.kinds.area : words.kinds[kind];
  const titleOf = (one) => {
    if (one.kind === "incident") return [types[one.layer] || "", one.name].filter(Boolean).join(" ");
    if (one.kind === "road" && one.code && one.code !== one.name) return `${one.name} (${one.code})`;
    return nameOf(one, names) || one.code;
  };
  const besides = (one) => {
    const within = nameOf({ name: one.within, name_en: one.within_en }, names);
    return [kindOf(one), one.kind === "position" ? one.code : within].filter(Boolean).join(" · ");
  };

  function close() {
    list.hidden = true;
    input.setAttribute("aria-expanded", "false");
    input.removeAttribute("aria-activedescendant");
    at = -1;
  }

  function mark(next) {
    list.children[at]?.setAttribute("aria-selected", "false");
    at = next;
    const option = list.children[at];
    option?.setAttribute("aria-selected", "true");
    option?.scrollIntoView({ block: "nearest" });
    if (option) input.setAttribute("aria-activedescendant", option.id);
    else input.removeAttribute("aria-activedescendant");
  }

  function choose(index) {
    const one = found[index];
    if (!one) return;
    close();
    input.value = titleOf(one);
    chosen(one, titleOf(one));
  }

  function show() {
    list.replaceChildren(...found.map((one, index) => {
      const option = Object.assign(document.createElement("li"), { id: `found-${index}`, role: "option", ariaSelected: "false" });
      option.append(textElement("span", titleOf(one), "name"), textElement("span", besides(one), "small"));
      option.addEventListener("mousedown", (event) => { event.preventDefault(); choose(index); });
      return option;
    }));
    told.textContent = found.length ? words.found.replace("{count}", found.length) : words.found_nothing;
    list.hidden = !found.length;
    input.setAttribute("aria-expanded", String(found.length > 0));
    mark(found.length ? 0 : -1);
  }

  async function ask() {
    const mine = ++turn;
    const wanted = input.value.trim();
    if (!wanted) { found = []; told.textContent = ""; close(); return; }
    const answer = await fetched(`/api/v1/search?q=${encodeURIComponent(wanted)}`).catch(() => []);
    if (mine !== turn || document.activeElement !== input) return;
    found = answer;
    show();
  }

  input.addEventListener("input", () => { clearTimeout(waiting); waiting = setTimeout(ask, WAIT_MS); });
  input.addEventListener("focus", () => { input.select(); if (input.value.trim()) ask(); });
  input.addEventListener("blur", close);
  input.addEventListener("keydown", async (event) => {
    if (event.isComposing) return; // Enter that ends a word of an input method
    if (event.key === "ArrowDown" || event.key === "ArrowUp") {
      event.preventDefault();
      if (list.hidden) { await ask(); return; }
      mark((at + (event.key === "ArrowDown" ? 1 : -1) + found.length) % found.length);
    } else if (event.key === "Enter") {
      event.preventDefault();
      clearTimeout(waiting);
      if (list.hidden) await ask();
      choose(Math.max(at, 0));
    } else if (event.key === "Escape") {
      if (list.hidden) input.value = "";
      else event.stopPropagation();
      close();
    }
  });
  document.addEventListener("keydown", (event) => {
    if (event.key !== "/" || event.ctrlKey || event.metaKey || event.altKey || event.target.closest?.("input, textarea, select")) return;
    event.preventDefault();
    input.focus();
  });
}
