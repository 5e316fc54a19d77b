// Layers of places: fetched once, drawn on canvas, named with textContent.
/* global L */

import { SymbolMarker } from "./symbols.js";

/** The first of the wanted names that a feature has, such as its English name before its Chinese one. */
export const nameOf = (properties, names) => names.map((key) => properties[key]).find(Boolean) || "";

/** A line of text as an element: what data says is never markup. */
export function textElement(tag, text, className = "") {
  return Object.assign(document.createElement(tag), { textContent: text, className });
}

function size(map) {
  const zoom = map.getZoom();
  return zoom < 10.5 ? 4.5 : zoom < 12 ? 6.5 : zoom < 14 ? 8 : 10;
}

/** Fill a group of Folium's with a layer's features. Clicking one opens its page in the panel. */
export function drawLayer(map, group, layer, collection, names, open) {
  const drawn = L.geoJSON(collection, {
    pane: layer.geometry === "area" ? "areas" : "places",
    pointToLayer: (feature, latlng) =>
      new SymbolMarker(latlng, { pane: "places", radius: size(map), look: layer, interactive: true }),
    style: { pane: "areas", color: layer.colour, weight: 1.4, opacity: 0.8, fillOpacity: 0.02, dashArray: "4 3" },
    onEachFeature: (feature, item) => {
      item.bindTooltip(() => textElement("span", nameOf(feature.properties, names) || feature.properties.code));
      if (layer.opens) item.on("click", (event) => {
        L.DomEvent.stop(event);
        open(`/resources/${layer.code}/${feature.id}`);
      });
    },
  });
  group.addLayer(drawn);
  if (layer.geometry === "point") map.on("zoomend", () => drawn.eachLayer((marker) => marker.setRadius(size(map))));
}
