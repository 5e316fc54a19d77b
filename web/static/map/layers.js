// Layers of places: drawn on canvas and named with textContent; fetched whole when small, as tiles when large.
/* global L */

import { makeTiles } from "./large.js";
import { onGround, onTheme } from "./palette.js";
import { labelWidth, SymbolMarker } from "./symbols.js";

/** More features than this come as tiles: see docs/decisions/0103. */
export const WHOLE_UP_TO = 2000;

/** The first of the wanted names that a feature has, such as its English name before its Chinese one. */
export const nameOf = (properties, names) => names.map((key) => properties[key]).find(Boolean) || "";

/** A line of text as an element: what data says is never markup. */
export function textElement(tag, text, className = "") {
  return Object.assign(document.createElement(tag), { textContent: text, className });
}

/** Radius of a symbol. At county zoom hundreds share the screen with names of townships: they shrink to dots of their colour. */
export function radiusAt(zoom, size) {
  return size * (zoom < 11 ? 0.35 : zoom < 12 ? 0.5 : zoom < 13 ? 0.65 : zoom < 14.5 ? 0.8 : 1);
}

const outline = (layer) => ({
  pane: "areas", color: onGround(layer.colour), weight: layer.line_width, opacity: 0.8, fillOpacity: layer.fill, dashArray: "4 3",
});

function labelOf({ properties }, layer, names) {
  return layer.label === "name" ? nameOf(properties, names) : layer.label ? properties[layer.label] || "" : "";
}

/** Draw a small layer's features. `touched(event, layer, id, name)` is called when one is clicked. */
function drawWhole(map, layer, collection, names, touched) {
  const drawn = L.geoJSON(collection, {
    pane: layer.geometry === "area" ? "areas" : "places",
    pointToLayer: (feature, latlng) => new SymbolMarker(latlng, {
      pane: "places", radius: radiusAt(map.getZoom(), layer.size), look: layer, label: labelOf(feature, layer, names), interactive: true,
    }),
    style: outline(layer),
    onEachFeature: (feature, item) => {
      const name = nameOf(feature.properties, names) || feature.properties.code;
      item.bindTooltip(() => textElement("span", name));
      if (layer.geometry === "point") item.on("click", (event) => touched(event, layer, feature.id, name));
    },
  });
  if (layer.geometry === "point") map.on("zoomend", () => drawn.eachLayer((marker) => marker.setRadius?.(radiusAt(map.getZoom(), layer.size))));
  onTheme(() => drawn.eachLayer((item) => (item.redraw && item.options.look ? item.redraw() : item.setStyle?.(outline(layer)))));
  return drawn;
}

/**
 * Make what draws a layer when it is first shown: whole on canvas, or as tiles where it is large.
 * Returns a promise of the drawn layer.
 */
export async function drawLayer(map, group, layer, { names, touched, fetched }) {
  const drawn = layer.count > WHOLE_UP_TO
    ? makeTiles(layer)
    : drawWhole(map, layer, await fetched(`/api/v1/layers/${layer.code}/items?limit=${WHOLE_UP_TO}`), names, touched);
  group.addLayer(drawn);
  return drawn;
}

const CELL_PX = 64;

/**
 * Decide which symbols carry their label: from the layers' first label zoom on, where no other label stands. Called
 * whenever the view or the layers change; `shown` are the groups in the order in which labels are given, `names` the boxes
 * of the base map's names.
 */
export function arrangeLabels(map, shown, names) {
  const taken = new Map(); // cell of the screen → boxes in it
  const view = map.getBounds().pad(0.1);
  const free = (box) => {
    for (let x = Math.floor(box[0] / CELL_PX); x <= Math.floor(box[2] / CELL_PX); x += 1) {
      for (const other of taken.get(`${x} ${Math.floor(box[1] / CELL_PX)}`) || []) {
        if (box[0] < other[2] && other[0] < box[2] && box[1] < other[3] && other[1] < box[3]) return false;
      }
    }
    return true;
  };
  const take = (box) => {
    for (let x = Math.floor(box[0] / CELL_PX); x <= Math.floor(box[2] / CELL_PX); x += 1) {
      for (let y = Math.floor(box[1] / CELL_PX) - 1; y <= Math.floor(box[3] / CELL_PX); y += 1) {
        const cell = `${x} ${y}`;
        if (!taken.has(cell)) taken.set(cell, []);
        taken.get(cell).push(box);
      }
    }
  };
  names.forEach(take);
  for (const { layer, drawn } of shown) {
    const near = map.getZoom() >= layer.label_zoom;
    drawn.eachLayer((part) => part.eachLayer?.((marker) => {
      const text = marker.options.label;
      if (!text || !marker.setLabelled || !marker._point) return;
      if (!near || !view.contains(marker.getLatLng())) { marker.setLabelled(false); return; }
      const { x, y } = map.latLngToContainerPoint(marker.getLatLng());
      const half = labelWidth(text) / 2 + 2, top = y + marker.getRadius() + 2;
      const box = [x - half, top, x + half, top + 15];
      const fits = free(box);
      if (fits) take(box);
      marker.setLabelled(fits);
    }));
  }
}
