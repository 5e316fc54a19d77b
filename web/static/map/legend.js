// The legend: one row for each layer with its symbol, its count and a box that shows or hides it.

import { swatch } from "./symbols.js";
import { textElement } from "./layers.js";

const REMEMBERED = "muster.layers";

function remembered() {
  try {
    return JSON.parse(localStorage.getItem(REMEMBERED)) || {};
  } catch {
    return {};
  }
}

/** List the classes of roads as the base map paints them, the most important first. */
export function addRoadKey(roads, words) {
  const list = document.getElementById("legend-roads");
  for (const [code, fill, casing] of roads.toReversed()) {
    const look = { colour: casing || fill, weight: casing ? 5 : 2, dash: casing ? [] : code === "path" ? [2, 3] : [6, 3] };
    const canvas = swatch(look, "line");
    if (casing) swatch({ colour: fill, weight: 3 }, "line", canvas);
    const row = document.createElement("li");
    row.append(canvas, textElement("span", words[code]));
    list.append(row);
  }
}

/** Build the legend and keep groups in step with it. A layer with a first zoom stays away until it is reached. */
export function addLegend(map, group, layers) {
  const chosen = remembered();
  const list = document.getElementById("legend-layers");
  const rows = layers.map((layer) => {
    const box = Object.assign(document.createElement("input"), { type: "checkbox", checked: chosen[layer.code] ?? layer.visible });
    box.dataset.layer = layer.code;
    const label = document.createElement("label");
    label.append(box, swatch(layer, layer.geometry), textElement("span", layer.name, "name"), textElement("span", layer.count, "count"));
    const row = document.createElement("li");
    row.append(label);
    list.append(row);
    return { layer, box };
  });
  const apply = () => {
    for (const { layer, box } of rows) {
      const near = map.getZoom() >= (layer.min_zoom || 0);
      const drawn = group(layer.code);
      if (box.checked && near) drawn.addTo(map);
      else drawn.remove();
      box.closest("li").classList.toggle("far", box.checked && !near);
    }
  };
  list.addEventListener("change", ({ target }) => {
    localStorage.setItem(REMEMBERED, JSON.stringify({ ...remembered(), [target.dataset.layer]: target.checked }));
    apply();
  });
  map.on("zoomend", apply);
  apply();
}
