// A sheet of the atlas as a live map: the base map, and on it exactly what the sheet holds for its reader.
/* global L */

import { addBase, nameBoxes } from "./base.js";
import { arrangeLabels, radiusAt, textElement } from "./layers.js";
import { onGround, onTheme } from "./palette.js";
import { SymbolMarker } from "./symbols.js";

const config = JSON.parse(document.getElementById("config").textContent);
const map = window.map_command;
const group = (name) => window[`feature_group_${name}`];
const colour = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();
const PALE = 0.35; // what lies beyond the sheet's land

L.control.zoom({ zoomInTitle: config.words.zoom_in, zoomOutTitle: config.words.zoom_out }).addTo(map);
const labels = addBase(map, config.names);
const [west, south, east, north] = config.bounds;
map.fitBounds([[south, west], [north, east]], { padding: [12, 12] });

/** How a line or a surface looks now; the theme may change. */
function style({ properties: { layer, detail, subject } }) {
  if (layer === "subject") return { pane: "areas", color: colour("--accent"), weight: 4, opacity: 0.55, fill: false, interactive: false };
  if (layer === "route") return { pane: "routes", color: colour(detail === "shelter" ? "--good" : "--bad"), weight: 4, opacity: 0.9, dashArray: "8 5" };
  if (layer === "threat") return { pane: "zones", color: colour("--bad"), weight: 1.2, dashArray: "4 3", fillOpacity: subject ? 0.15 : 0.05, opacity: subject ? 0.9 : PALE };
  const cell = layer === "grid_cells";
  return { pane: "areas", color: onGround(cell ? config.layers.grid_cells?.colour || "#7a8b3c" : "#5b6770"), weight: cell ? 1.2 : 1, opacity: subject ? 0.9 : PALE, dashArray: cell ? "2 3" : "6 3", fillOpacity: 0, fill: true };
}

function point({ properties: { layer, name, subject } }, at) {
  const look = config.layers[layer];
  return new SymbolMarker(at, { pane: "places", radius: radiusAt(map.getZoom(), look.size), look, label: subject ? name : "", opacity: subject ? 1 : PALE, interactive: true });
}

const told = ({ layer, name, code }) => [config.layers[layer]?.name, name || code].filter(Boolean).join(" · ");

const answer = await fetch(config.address, { headers: { Accept: "application/json" } });
if (answer.ok) {
  const { features } = await answer.json();
  const isPlace = ({ geometry, properties }) => geometry.type === "Point" && properties.layer in config.layers;
  const surfaces = L.geoJSON(features.features.filter((one) => !isPlace(one) && one.geometry.type !== "Point"), {
    style,
    onEachFeature: ({ properties }, item) => {
      if (properties.layer !== "subject" && told(properties)) item.bindTooltip(() => textElement("span", told(properties)), { sticky: true });
    },
  }).addTo(group("sheet_areas"));
  const places = L.geoJSON(features.features.filter(isPlace), {
    pointToLayer: point,
    onEachFeature: ({ properties }, item) => item.bindTooltip(() => textElement("span", told(properties))),
  }).addTo(group("sheet_places"));
  const arrange = () => {
    places.eachLayer((marker) => marker.setRadius(radiusAt(map.getZoom(), marker.options.look.size)));
    arrangeLabels(map, [{ layer: { label_zoom: 12 }, drawn: L.layerGroup([places]) }], nameBoxes(map, labels));
  };
  map.on("zoomend moveend", arrange);
  onTheme(() => {
    surfaces.setStyle(style);
    places.eachLayer((marker) => marker.redraw());
  });
  arrange();
}
document.getElementById("map-stage").dataset.ready = answer.ok ? "yes" : "no";
