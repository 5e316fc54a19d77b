// What is happening: incidents, hazard zones, closures, routes and ordered units. Few, so they are elements with words.
/* global L */

import { drawHazards } from "./hazards.js";
import { linkWays } from "./ways.js";
import { nameOf, textElement } from "./layers.js";

// state of an order: mark and tone. The mark says it where colour cannot.
const ORDER = {
  sent: ["○", "warn"], acknowledged: ["✓", "good"], departed: ["▶", "info"], arrived: ["◆", "good"],
  finished: ["■", ""], refused: ["✕", "bad"], cancelled: ["✕", ""],
};
const LEGS = ["#17589c", "#6a4c93", "#0f766e", "#9a3412", "#3f6212", "#86198f", "#1e40af", "#854d0e"];

const ON_FOOT = "1 8";

const minutes = (ms) => Math.max(1, Math.ceil(ms / 60000));

/** "{count} min" with the count put in. */
export const say = (template, count) => template.replace("{count}", count);

function incidentMark(feature, types) {
  const { type, state } = feature.properties;
  const mark = document.createElement("div");
  mark.className = state === "open" ? "mark open" : "mark";
  const name = types[type] || "!";
  mark.append(textElement("b", name.slice(0, /^[a-z]/i.test(name) ? 2 : 1))); // one letter does not tell a flood from a fire
  return L.divIcon({ html: mark, className: "", iconSize: [34, 34], iconAnchor: [17, 41] });
}

/** Orders that stand at one place (a team and its vehicles, a depot's carriers) share one mark. */
function together(collection) {
  const places = new Map();
  for (const { geometry, properties } of collection.features) {
    const key = geometry.coordinates.join();
    if (!places.has(key)) places.set(key, { at: geometry.coordinates, orders: [] });
    places.get(key).orders.push(properties);
  }
  return [...places.values()];
}

function standing(orders, words) {
  const open = orders.filter(({ state }) => ["sent", "acknowledged", "departed", "arrived"].includes(state));
  const waiting = orders.filter(({ state }) => state === "sent");
  const late = orders.some(({ overdue }) => overdue);
  const [first] = open.length ? open : orders;
  const slowest = Math.max(...orders.map(({ answered_ms: answered }) => answered ?? 0));
  if (late) return { mark: "!", tone: "bad", text: words.overdue };
  if (waiting.length && waiting.length < orders.length) {
    const text = say(words.answered, orders.length - waiting.length).replace("{total}", orders.length);
    return { mark: "○", tone: "warn", text };
  }
  const [mark, tone] = ORDER[first.state] || ["?", ""];
  const said = words.states[first.state];
  return { mark, tone, text: first.state === "sent" || !slowest ? said : `${said} ${say(words.minutes, minutes(slowest))}` };
}

function unitMark(orders, names, words) {
  const { mark, tone, text } = standing(orders, words);
  const unit = document.createElement("div");
  unit.className = `unit ${tone}`;
  unit.dataset.states = orders.map(({ state }) => state).sort().join(" ");
  unit.append(textElement("b", mark), textElement("span", nameOf(orders[0], names), "name"), textElement("span", ` · ${text}`, "said"));
  return L.divIcon({ html: unit, className: "", iconSize: [0, 0] });
}

function unitList(orders, { words, vehicles, names }) {
  const list = document.createElement("ul");
  list.className = "plain";
  if (orders.every(({ vehicle }) => vehicle)) list.append(textElement("li", nameOf(orders[0], names)));
  for (const { kind, vehicle, state, overdue } of orders) {
    const [mark] = overdue ? ["!"] : ORDER[state] || ["?"];
    const who = vehicle ? vehicles[vehicle] || vehicle : nameOf(orders[0], names);
    list.append(textElement("li", `${mark} ${who} · ${overdue ? words.overdue : words.states[state]}`));
    list.lastChild.dataset.kind = kind;
  }
  return list;
}

function lines(collection, style) {
  return L.geoJSON(collection, { style, interactive: false });
}

const ROW = 25;
const ROWS = [0, 1, -1, 2, -2];
const PIN = { left: 19, right: 19, above: 44, below: 2 }; // what an incident's mark covers around its point

const cuts = (one, two) => one.x < two.x + two.width && two.x < one.x + one.width && one.y < two.y + two.height && two.y < one.y + one.height;

/** What words of units must leave free, in pixels of the map's window: the legend, the tools, the marks of incidents. */
function obstacles(map, incidents) {
  const frame = map.getContainer().getBoundingClientRect();
  const over = [...map.getContainer().parentElement.querySelectorAll(".legend, .search, .tools")].map((part) => {
    const { left, top, width, height } = part.getBoundingClientRect();
    return { x: left - frame.left, y: top - frame.top, width, height };
  });
  incidents.eachLayer((marks) => marks.eachLayer((marker) => {
    const { x, y } = map.latLngToContainerPoint(marker.getLatLng());
    over.push({ x: x - PIN.left, y: y - PIN.above, width: PIN.left + PIN.right, height: PIN.above + PIN.below });
  }));
  return over;
}

/**
 * Move the words of ordered units apart where bases lie close together; a thin line leads from each to its base.
 * Words run to the side that has room. Where there is none nearby, the mark alone stays on its base: its words come with
 * the pointer, or with zooming in. What needs attention is placed first.
 */
export function arrange(drawn, incidents) {
  const marks = [];
  drawn.eachLayer((group) => group.eachLayer((marker) => {
    const unit = marker.getElement()?.querySelector(".unit");
    if (unit) marks.push({ marker, unit, map: marker._map });
  }));
  if (!marks.length) return;
  const [{ map }] = marks;
  const taken = obstacles(map, incidents);
  const size = map.getSize();
  for (const { unit } of marks) unit.classList.remove("short", "leftwards");
  const widths = marks.map(({ unit }) => unit.offsetWidth); // read together: one layout for all
  const urgent = ({ unit }) => (unit.classList.contains("bad") ? 0 : unit.classList.contains("warn") ? 1 : 2);
  const placed = marks.map((mark, index) => ({ ...mark, width: widths[index] })).sort((one, two) => urgent(one) - urgent(two));
  for (const { marker, unit, width } of placed) {
    const { x: base, y } = map.latLngToContainerPoint(marker.getLatLng());
    const box = (left, row) => ({ x: left ? base + 12 - width : base - 12, y: y + (row - 0.5) * ROW, width, height: ROW });
    const fits = (at) => at.x >= 0 && at.x + at.width <= size.x && !taken.some((other) => cuts(at, other));
    let found = null;
    for (const row of ROWS) for (const left of [false, true]) if (!found && fits(box(left, row))) found = { left, row };
    const { left, row } = found ?? { left: false, row: 0 };
    unit.classList.toggle("short", !found);
    unit.classList.toggle("leftwards", left);
    if (found) taken.push(box(left, row));
    marker.setZIndexOffset(found ? 100 : 0);
    unit.style.top = `${row * ROW}px`;
    unit.style.setProperty("--lead", `${Math.abs(row) * ROW}px`);
    unit.classList.toggle("above", row < 0);
    unit.classList.toggle("below", row > 0);
  }
}

const closureMark = ({ factor_percent: slowed }) =>
  textElement("div", slowed ? "≈" : "✕", slowed ? "closed-road slowed" : "closed-road");

const clock = new Intl.DateTimeFormat(document.documentElement.lang, { month: "2-digit", day: "2-digit", hour: "2-digit", minute: "2-digit", hour12: false });
const moment = (at) => (at ? clock.format(new Date(at)) : "");

/** What a closure is, why, and its time window where it has one. */
function closureText(closure, words) {
  return [closure.factor_percent ? words.slowed : words.closed, closure.reason, span(closure)].filter(Boolean).join(" · ");
}

const span = ({ starts_at: from, ends_at: until }) => (from || until ? `${moment(from)} – ${moment(until)}` : "");

/** What a danger area is, why, and its time window where it has one. */
const hazardText = (area, words) => [words.danger, area.reason, span(area)].filter(Boolean).join(" · ");

/**
 * Draw all that stands now. Each group is emptied first: the state is whole, not a difference.
 * Returns the mark of each order's unit; who has written all that stands in them arranges them.
 */
export function drawState(group, state, { words, types, vehicles, names, open }) {
  const fill = (name, layer) => group(name).clearLayers().addLayer(layer);
  fill("zones", lines(state.zones, { pane: "zones", color: "#b3261e", weight: 1.5, dashArray: "5 4", fillColor: "#b3261e", fillOpacity: 0.1 }));
  fill("routes", lines(state.routes, (feature) => ({
    pane: "routes", color: LEGS[feature.properties.order % LEGS.length], weight: 4, opacity: 0.8,
    dashArray: feature.properties.walk ? ON_FOOT : null,
  })));
  fill("closures", L.geoJSON(state.closures, {
    style: ({ properties }) => ({ pane: "closures", color: properties.factor_percent ? "#8f5600" : "#b3261e", weight: 6, dashArray: "2 8", fillOpacity: 0.15 }),
    pointToLayer: ({ properties }, latlng) => L.marker(latlng, {
      pane: "closures",
      icon: L.divIcon({ html: closureMark(properties), className: "", iconSize: [22, 22] }),
    }),
    onEachFeature: (feature, item) => {
      item.bindTooltip(() => textElement("span", closureText(feature.properties, words)));
      item.on("click", (event) => { L.DomEvent.stop(event); open(`/closures?id=${feature.properties.id}`); });
    },
  }));
  drawHazards(group("hazards"), state.hazards, (properties) => hazardText(properties, words), open);
  const labels = new Map(); // order → its unit's mark
  fill("orders", L.featureGroup(together(state.orders).map(({ at: [lon, lat], orders }) => {
    const marker = L.marker([lat, lon], { pane: "incidents", icon: unitMark(orders, names, words) });
    marker.bindTooltip(() => unitList(orders, { words, vehicles, names }));
    for (const { id } of orders) labels.set(id, marker);
    return marker.on("click", () => open(`/incidents/${orders[0].incident}`));
  })));
  fill("incidents", L.geoJSON(state.incidents, {
    pointToLayer: (feature, latlng) => L.marker(latlng, { pane: "incidents", icon: incidentMark(feature, types), zIndexOffset: 1000 }),
    onEachFeature: (feature, item) => {
      item.bindTooltip(() => textElement("span", `${types[feature.properties.type] || ""} ${feature.properties.name}`));
      item.on("click", () => open(`/incidents/${feature.properties.id}`));
    },
  }));
  return labels;
}

/** Draw a plan that nobody has confirmed yet: solid ways there, and the second way where there is one, dashed. */
export function drawProposal(group, routes) {
  const units = new Map();
  const colour = ({ kind, id }) => {
    const key = `${kind} ${id}`;
    if (!units.has(key)) units.set(key, LEGS[units.size % LEGS.length]);
    return units.get(key);
  };
  const style = ({ properties }) => ({
    pane: "routes", color: colour(properties), weight: properties.second ? 2.5 : 5, opacity: properties.second ? 0.65 : 0.85,
    dashArray: properties.walk ? ON_FOOT : properties.second ? "3 7" : null,
  });
  const drawn = L.geoJSON(routes, { style });
  linkWays(drawn, style);
  group.addLayer(drawn);
}
