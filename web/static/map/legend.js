// The legend: layers by group, each with its symbol, its count and a box that shows or hides it; the roads; the ground.

import { textElement } from "./layers.js";
import { onTheme, palette } from "./palette.js";
import { swatch } from "./symbols.js";

const SHOWN = "muster.layers";
const FOLDED = "muster.folded";

function remembered(key) {
  try {
    return JSON.parse(localStorage.getItem(key)) || {};
  } catch {
    return {};
  }
}

const remember = (key, name, value) => localStorage.setItem(key, JSON.stringify({ ...remembered(key), [name]: value }));

/** List the classes of roads as the base map paints them, the most important first. */
export function addRoadKey(roads, words) {
  const list = document.getElementById("legend-roads");
  const build = () => list.replaceChildren(...roads.toReversed().map(([code]) => {
    const [fill, casing] = palette().roads[code];
    const look = { colour: casing || fill, weight: casing ? 5 : 2, dash: casing ? [] : code === "path" ? [2, 3] : [6, 3] };
    const canvas = swatch(look, "line");
    if (casing) swatch({ colour: fill, weight: 3 }, "line", canvas);
    const row = document.createElement("li");
    row.append(canvas, textElement("span", words[code]));
    return row;
  }));
  build();
  onTheme(build);
}

function box(attributes) {
  return Object.assign(document.createElement("input"), { type: "checkbox", ...attributes });
}

function layerRow(layer, chosen) {
  const input = box({ checked: chosen[layer.code] ?? layer.visible });
  input.dataset.layer = layer.code;
  const label = document.createElement("label");
  label.append(input, swatch(layer, layer.geometry), textElement("span", layer.name, "name"), textElement("span", layer.count.toLocaleString(), "count"));
  const row = document.createElement("li");
  row.append(label);
  return { layer, box: input, row, label };
}

/** A group of rows that folds, with a box for all of them. */
function section(code, name, rows, words) {
  const folded = remembered(FOLDED)[code] ?? false;
  const list = Object.assign(document.createElement("ul"), { className: "plain", id: `legend-${code}`, hidden: folded });
  list.append(...rows.map(({ row }) => row));
  const all = box({ ariaLabel: words.whole_group.replace("{group}", name) });
  all.dataset.group = code;
  const fold = Object.assign(textElement("button", name, "fold"), { type: "button", ariaExpanded: String(!folded) });
  fold.setAttribute("aria-controls", list.id);
  fold.addEventListener("click", () => {
    list.hidden = !list.hidden;
    fold.ariaExpanded = String(!list.hidden);
    remember(FOLDED, code, list.hidden);
  });
  const head = document.createElement("div");
  head.className = "group";
  head.append(all, fold);
  const made = document.createElement("section");
  made.append(head, list);
  return { made, all, rows };
}

/**
 * Build the legend and keep what is drawn in step with it: `show(layer)` draws one, `hide(layer)` takes it away. A layer
 * with a first zoom stays away until that is reached. `groups` are pairs of code and name, in order.
 */
export function addLegend(map, groups, layers, words, { show, hide }) {
  const key = document.getElementById("legend-key");
  key.addEventListener("toggle", () => { if (key.open) key.parentElement.scrollTop = key.offsetTop; });
  const chosen = remembered(SHOWN);
  const rows = layers.map((layer) => layerRow(layer, chosen));
  const sections = groups
    .map(([code, name]) => [code, name, rows.filter(({ layer }) => layer.group === code)])
    .filter(([, , found]) => found.length)
    .map(([code, name, found]) => section(code, name, found, words));
  const list = document.getElementById("legend-layers");
  list.append(...sections.map(({ made }) => made));
  const apply = () => {
    for (const { layer, box: input, row } of rows) {
      const near = map.getZoom() >= (layer.min_zoom || 0);
      if (input.checked && near) show(layer);
      else hide(layer);
      row.classList.toggle("far", input.checked && !near);
      row.title = input.checked && !near ? words.zoom_nearer : "";
    }
    for (const { all, rows: mine } of sections) {
      const shown = mine.filter(({ box: input }) => input.checked).length;
      all.checked = shown === mine.length;
      all.indeterminate = shown > 0 && shown < mine.length;
    }
  };
  list.addEventListener("change", ({ target }) => {
    const changed = target.dataset.layer ? [target] : sections.find(({ all }) => all === target).rows.map((row) => row.box);
    for (const input of changed) {
      if (!target.dataset.layer) input.checked = target.checked;
      remember(SHOWN, input.dataset.layer, input.checked);
    }
    apply();
  });
  onTheme(() => {
    for (const { layer, label } of rows) label.querySelector("canvas").replaceWith(swatch(layer, layer.geometry));
  });
  map.on("zoomend", apply);
  apply();
}

/** Offer grounds: `choices` are {code, name, layer, exclusive}. Exclusive ones are radio buttons, the rest boxes. */
export function addGrounds(map, choices) {
  const list = document.getElementById("legend-ground");
  const chosen = remembered(SHOWN);
  for (const { code, name, layer, exclusive } of choices) {
    const input = box({ type: exclusive ? "radio" : "checkbox", name: exclusive ? "ground" : code });
    input.checked = chosen[code] ?? (exclusive ? !layer : true);
    const label = document.createElement("label");
    label.append(input, textElement("span", name, "name"));
    const row = document.createElement("li");
    row.append(label);
    list.append(row);
    if (layer && input.checked) layer.addTo(map);
  }
  const inputs = [...list.querySelectorAll("input")];
  list.addEventListener("change", () => choices.forEach(({ code, layer }, at) => {
    remember(SHOWN, code, inputs[at].checked);
    if (layer && inputs[at].checked) layer.addTo(map);
    else layer?.remove();
  }));
  document.getElementById("legend-grounds").hidden = choices.length === 0;
}
