// Layers of places: fetched once, drawn on canvas, named with textContent.
/* global L */

import { SymbolMarker } from "./symbols.js";

/** The first of the wanted names that a feature has, such as its English name before its Chinese one. */
export const nameOf = (properties, names) => names.map((key) => properties[key]).find(Boolean) || "";

/** A line of text as an element: what data says is never markup. */
export function textElement(tag, text, className = "") {
  return Object.assign(document.createElement(tag), { textContent: text, className });
}

// at county zoom hundreds of symbols share the screen with the names of townships: they shrink to dots of their colour
function size(map) {
  const zoom = map.getZoom();
  return zoom < 11 ? 3.5 : zoom < 12 ? 5 : zoom < 13 ? 6.5 : zoom < 14.5 ? 8 : 10;
}

/** Fill a group of Folium's with a layer's features. `touched(event, path, name)` is called when one is clicked. */
export function drawLayer(map, group, layer, collection, names, touched) {
  const drawn = L.geoJSON(collection, {
    pane: layer.geometry === "area" ? "areas" : "places",
    pointToLayer: (feature, latlng) =>
      new SymbolMarker(latlng, { pane: "places", radius: size(map), look: layer, interactive: true }),
    style: { pane: "areas", color: layer.colour, weight: 1.4, opacity: 0.8, fillOpacity: 0.02, dashArray: "4 3" },
    onEachFeature: (feature, item) => {
      const name = nameOf(feature.properties, names) || feature.properties.code;
      item.bindTooltip(() => textElement("span", name));
      if (layer.opens) item.on("click", (event) => touched(event, `/resources/${layer.code}/${feature.id}`, name));
    },
  });
  group.addLayer(drawn);
  if (layer.geometry === "point") map.on("zoomend", () => drawn.eachLayer((marker) => marker.setRadius(size(map))));
}
