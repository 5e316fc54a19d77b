// What is happening: incidents, hazard zones, closures, routes and ordered units. Few, so they are elements with words.
/* global L */

import { textElement } from "./layers.js";

// state of an order: mark and tone. The mark says it where colour cannot.
const ORDER = {
  sent: ["○", "warn"], acknowledged: ["✓", "good"], departed: ["▶", "info"], arrived: ["◆", "good"],
  finished: ["■", ""], refused: ["✕", "bad"], cancelled: ["✕", ""],
};
const LEGS = ["#17589c", "#6a4c93", "#0f766e", "#9a3412", "#3f6212", "#86198f", "#1e40af", "#854d0e"];

const minutes = (ms) => Math.max(1, Math.ceil(ms / 60000));

/** "{count} min" with the count put in. */
export const say = (template, count) => template.replace("{count}", count);

function incidentMark(feature, types) {
  const { type, state } = feature.properties;
  const mark = document.createElement("div");
  mark.className = state === "open" ? "mark open" : "mark";
  mark.append(textElement("b", (types[type] || "!").slice(0, 1)));
  return L.divIcon({ html: mark, className: "", iconSize: [34, 34], iconAnchor: [17, 41] });
}

function unitMark({ state, overdue, name, answered_ms: answered }, words) {
  const [mark, tone] = overdue ? ["!", "bad"] : ORDER[state] || ["?", ""];
  const unit = document.createElement("div");
  unit.className = `unit ${tone}`;
  unit.dataset.state = state;
  const said = answered == null ? words.states[state] : `${words.states[state]} ${say(words.minutes, minutes(answered))}`;
  unit.append(textElement("b", mark), textElement("span", `${name} · ${overdue ? words.overdue : said}`));
  return L.divIcon({ html: unit, className: "", iconSize: [0, 0] });
}

function lines(collection, style) {
  return L.geoJSON(collection, { style, interactive: false });
}

/** Draw all that stands now. Each group is emptied first: the state is whole, not a difference. */
export function drawState(group, state, { words, types, open }) {
  const fill = (name, layer) => group(name).clearLayers().addLayer(layer);
  fill("zones", lines(state.zones, { pane: "zones", color: "#b3261e", weight: 1.5, dashArray: "5 4", fillColor: "#b3261e", fillOpacity: 0.1 }));
  fill("routes", lines(state.routes, (feature) => ({
    pane: "routes", color: LEGS[(feature.properties.order || 0) % LEGS.length], weight: 4, opacity: 0.8,
  })));
  fill("closures", L.geoJSON(state.closures, {
    style: { pane: "closures", color: "#b3261e", weight: 6, dashArray: "2 8", fillOpacity: 0.15 },
    pointToLayer: (_, latlng) => L.marker(latlng, {
      pane: "closures",
      icon: L.divIcon({ html: textElement("div", "✕", "closed-road"), className: "", iconSize: [22, 22] }),
    }),
    onEachFeature: (feature, item) => {
      item.bindTooltip(() => textElement("span", feature.properties.reason || words.closed));
      item.on("click", (event) => { L.DomEvent.stop(event); open(`/closures?id=${feature.properties.id}`); });
    },
  }));
  fill("orders", L.geoJSON(state.orders, {
    pointToLayer: (feature, latlng) => L.marker(latlng, { pane: "incidents", icon: unitMark(feature.properties, words) }),
    onEachFeature: (feature, item) => item.on("click", () => open(`/orders?id=${feature.properties.id}`)),
  }));
  fill("incidents", L.geoJSON(state.incidents, {
    pointToLayer: (feature, latlng) => L.marker(latlng, { pane: "incidents", icon: incidentMark(feature, types), zIndexOffset: 1000 }),
    onEachFeature: (feature, item) => {
      item.bindTooltip(() => textElement("span", `${types[feature.properties.type] || ""} ${feature.properties.name}`));
      item.on("click", () => open(`/incidents/${feature.properties.id}`));
    },
  }));
}

/** Draw a plan that nobody has confirmed yet: solid ways there, and the second way where there is one, dashed. */
export function drawProposal(group, routes) {
  const units = new Map();
  const colour = ({ kind, id }) => {
    const key = `${kind} ${id}`;
    if (!units.has(key)) units.set(key, LEGS[units.size % LEGS.length]);
    return units.get(key);
  };
  group.addLayer(lines(routes, ({ properties }) => ({
    pane: "routes", color: colour(properties), weight: properties.second ? 2.5 : 5,
    opacity: properties.second ? 0.65 : 0.85, dashArray: properties.second ? "3 7" : null,
  })));
}
