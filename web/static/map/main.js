// The command map: finds the objects that Folium made, fills them by URL, and links the map with the panel beside it.
/* global L, htmx */

import { listen } from "../events.js";
import { addBase, makeOnline, makeRelief, nameBoxes, ROADS } from "./base.js";
import { addCursor } from "./cursor.js";
import { nameUnderPointer, pick } from "./large.js";
import { addGrounds, addLegend, addRoadKey } from "./legend.js";
import { arrangeLabels, drawLayer, nameOf, textElement, WHOLE_UP_TO } from "./layers.js";
import { addMeasure } from "./measure.js";
import { followPositions } from "./positions.js";
import { addSearch } from "./search.js";
import { arrange, drawProposal, drawState, say } from "./state.js";

const config = JSON.parse(document.getElementById("config").textContent);
const { words } = config;
const map = window.map_command;
const group = (name) => window[`feature_group_${name}`];
const hint = document.getElementById("hint");
const closeTool = document.getElementById("close-tool");
const stage = document.getElementById("map-stage");

async function getJSON(address) {
  const answer = await fetch(address, { headers: { Accept: "application/json" } });
  if (!answer.ok) throw Object.assign(new Error(`${address}: ${answer.status}`), { status: answer.status });
  return answer.json();
}

// -- the panel --------------------------------------------------------------------------------------------------------

const NARROW = matchMedia("(max-width: 1000px)").matches; // as in map.css: the legend is folded, the panel lies below
const LEGEND_PX = NARROW ? 0 : 226;
if (NARROW) document.querySelector(".legend details").open = false;
// room for the legend, for a mark above its point, and for the words to the right of ordered units
const FIT = { maxZoom: 15, paddingTopLeft: [LEGEND_PX, 60], paddingBottomRight: [NARROW ? 20 : 190, 40] };
const content = () => document.getElementById("content");
const openPanel = (path) => htmx.ajax("GET", path, { target: "#content", select: "#content", swap: "outerHTML", source: "#panel" });

/** Bring the map in line with what the panel shows: its place, its proposal, and the address of the page. */
async function follow() {
  const { path, plan, focus, incident } = content().dataset;
  if (path) history.replaceState(null, "", path === "/incidents" ? "/" : `/?at=${encodeURIComponent(path)}`);
  for (const tab of document.querySelectorAll(".tabs a")) {
    if (path && path.startsWith(tab.getAttribute("href"))) tab.setAttribute("aria-current", "page");
    else tab.removeAttribute("aria-current");
  }
  group("draft").clearLayers();
  showDraft();
  const proposal = group("proposal").clearLayers();
  if (!focus) return;
  const [lon, lat] = focus.split(",").map(Number);
  if (plan) drawProposal(proposal, await getJSON(`/api/v1/plans/${plan}/routes`));
  else await refresh();
  const ways = plan ? proposal.getBounds() : routesTo(incident);
  if (ways.isValid()) map.fitBounds(ways.extend([lat, lon]), FIT);
  else map.setView([lat, lon], Math.max(map.getZoom(), 13));
}

/** Where the ways of one incident's orders run. */
function routesTo(incident) {
  const bounds = L.latLngBounds([]);
  group("routes").eachLayer((drawn) => drawn.eachLayer((way) => {
    if (String(way.feature.properties.incident) === incident) bounds.extend(way.getBounds());
  }));
  return bounds;
}

const field = (name) => content().querySelector(`form [name="${name}"]`);

const DRAWN = { color: "#b3261e", weight: 4, dashArray: "6 4", fillOpacity: 0.15 };

function shapeOf(text) {
  try {
    return JSON.parse(text);
  } catch {
    return null; // coordinates as lines, or half of a text
  }
}

/** Put what was drawn into the form, as if it had been typed. */
function take(geometry) {
  const text = field("geometry");
  if (!text) return;
  field("lon").value = field("lat").value = "";
  text.value = JSON.stringify(geometry);
  showDraft();
  text.dispatchEvent(new Event("change", { bubbles: true }));
}

const drawing = () => map.pm?.globalDrawModeEnabled() ?? false;

/** Show where the form's coordinates are. */
function showDraft() {
  const drawn = shapeOf(field("geometry")?.value);
  if (drawn) {
    group("draft").clearLayers().addLayer(L.geoJSON(drawn, { interactive: false, style: DRAWN, pointToLayer: (_, at) => L.circleMarker(at, { ...DRAWN, interactive: false }) }));
    return;
  }
  const lon = parseFloat(field("lon")?.value), lat = parseFloat(field("lat")?.value);
  if (!Number.isFinite(lon) || !Number.isFinite(lat)) return;
  const mark = document.createElement("div");
  mark.className = "mark draft";
  mark.append(Object.assign(document.createElement("b"), { textContent: "＋" }));
  const icon = L.divIcon({ html: mark, className: "", iconSize: [34, 34], iconAnchor: [17, 41] });
  group("draft").clearLayers().addLayer(L.marker([lat, lon], { icon, pane: "incidents", interactive: false }));
}

function fill({ lat, lng }) {
  field("lon").value = lng.toFixed(6);
  field("lat").value = lat.toFixed(6);
  if (field("place")) field("place").value = ""; // the later of click and words counts
  if (field("geometry")) field("geometry").value = "";
  showDraft();
  field("lat").dispatchEvent(new Event("change", { bubbles: true }));
  getJSON(`/api/v1/locate?lon=${lng.toFixed(6)}&lat=${lat.toFixed(6)}`)
    .then(({ chain, areas }) => {
      hint.textContent = (chain.length ? chain : areas).map((link) => nameOf(link, config.names)).join(" › ");
    })
    .catch(() => { hint.textContent = ""; });
}

/** Offer pages, as pairs of path and text, at a point of the map; under a title where it has one. */
function offer(latlng, pages, title = "") {
  const box = document.createElement("div");
  box.className = "offer";
  if (title) box.append(textElement("h3", title));
  for (const [path, text] of pages) {
    const button = Object.assign(textElement("button", text), { type: "button" });
    button.addEventListener("click", () => {
      map.closePopup();
      if (path) openPanel(path);
      else fill(latlng);
    });
    box.append(button);
  }
  L.popup({ autoPan: false }).setLatLng(latlng).setContent(box).openOn(map);
}

/** What can be done at a position: to a form that waits for one it is the answer, else pages begin there. */
function here({ lat, lng }) {
  if (field("lon")) return [["", words.take_position]];
  return config.here.map(([path, text]) => [`${path}?lon=${lng.toFixed(6)}&lat=${lat.toFixed(6)}`, text]);
}

/** A place was clicked. While a form or a tool waits for a position the click means that, and its page is only offered. */
function touched(event, layer, id, name) {
  if (drawing()) return;
  L.DomEvent.stop(event);
  const page = layer.opens ? [[`/resources/${layer.code}/${id}`, words.open_page]] : [];
  if (measure.on()) measure.add(event.latlng);
  else if (closeTool.getAttribute("aria-pressed") === "true" || field("lon")) {
    clicked(event);
    if (page.length) offer(event.latlng, page, name);
  } else if (page.length) openPanel(page[0][0]);
  else offer(event.latlng, here(event.latlng), `${layer.name} · ${name}`);
}

function picking(on) {
  closeTool.setAttribute("aria-pressed", String(on));
  if (on) measure.stop();
  stage.classList.toggle("picking", on || Boolean(field("lon")));
  hint.textContent = on ? words.click_road : "";
}

function clicked({ latlng }) {
  if (drawing()) return;
  if (measure.on()) { measure.add(latlng); return; }
  const at = `?lon=${latlng.lng.toFixed(6)}&lat=${latlng.lat.toFixed(6)}`;
  if (closeTool.getAttribute("aria-pressed") === "true") {
    picking(false);
    openPanel(`/closures${at}`);
  } else if (field("lon")) {
    map.closePopup();
    fill(latlng);
  } else if (!pickedLarge(latlng) && config.here.length) offer(latlng, here(latlng));
}

/** What a layer of tiles shows at a position: the layer and {n} for several features, {id, code, name} for one. */
function large(latlng) {
  for (const { layer, drawn } of shown.values()) {
    const tiles = layer.count > WHOLE_UP_TO && map.hasLayer(drawn) ? drawn.getLayers()[0] : null;
    const found = tiles && pick(tiles, latlng);
    if (found) return { layer, found };
  }
  return null;
}

/** Open what a layer of tiles shows there: one feature, or a nearer view of several. */
function pickedLarge(latlng) {
  const { layer, found } = large(latlng) ?? {};
  if (!found) return false;
  if (found.n > 1) map.setView(latlng, Math.min(map.getZoom() + 2, 18));
  else if (layer.opens) openPanel(`/resources/${layer.code}/${found.id}`);
  else offer(latlng, here(latlng), `${layer.name} · ${nameOf(found, config.names) || found.code}`);
  return true;
}

map.on("click", clicked);

nameUnderPointer(map, (latlng) => {
  const { layer, found } = drawing() || measure.on() ? {} : large(latlng) ?? {};
  return found && (found.n > 1 ? `${layer.name} · ${found.n}` : nameOf(found, config.names) || found.code);
});
document.body.addEventListener("click", async ({ target }) => {
  const tool = target.closest?.("[data-draw]");
  if (tool) (await import("./draw.js")).draw(map, tool, take);
});
closeTool.addEventListener("click", () => picking(closeTool.getAttribute("aria-pressed") !== "true"));
// A form may have been redrawn, because somebody else acted, while its answer was under way: htmx then no longer finds
// on it how to take the answer in, and would put a page into a page.
document.body.addEventListener("htmx:beforeSwap", ({ detail }) => {
  if (detail.target.id !== "content") return;
  detail.swapOverride = "outerHTML scroll:#panel-body:top";
  detail.selectOverride = "#content";
});
document.body.addEventListener("htmx:afterSettle", (event) => {
  if (event.target.id !== "content") return; // somebody else's act redraws a part: the tool in hand stays
  follow();
  picking(false);
});
document.body.addEventListener("input", (event) => {
  if (["lon", "lat", "geometry"].includes(event.target.name)) showDraft();
});

// -- the map ----------------------------------------------------------------------------------------------------------

map.on("moveend", () => arrange(group("orders"), group("incidents")));

let labels = null; // the base map's names
const shown = new Map(); // code → layer and its group, from the moment it was first shown
function labelled() {
  if (!labels) return;
  arrangeLabels(map, [...shown.values()].filter(({ layer, drawn }) => layer.label && map.hasLayer(drawn)), nameBoxes(map, labels));
}
map.on("moveend", labelled);

function show(layer) {
  const drawn = group(layer.code);
  if (!shown.has(layer.code)) {
    shown.set(layer.code, { layer, drawn });
    drawLayer(map, drawn, layer, { names: config.names, touched, fetched: getJSON }).then(labelled);
  }
  if (!map.hasLayer(drawn)) { drawn.addTo(map); labelled(); }
}

function hide(layer) {
  if (!map.hasLayer(group(layer.code))) return;
  group(layer.code).remove();
  labelled();
}

const duration = (ms) => {
  const minutes = Math.max(1, Math.ceil(ms / 60000));
  return minutes < 60 ? say(words.minutes, minutes) : words.hours.replace("{hours}", Math.floor(minutes / 60)).replace("{minutes}", minutes % 60);
};
const distance = (metres) => (metres < 1000 ? say(words.metres, Math.round(metres)) : say(words.kilometres, (metres / 1000).toFixed(metres < 100_000 ? 1 : 0)));

const measure = addMeasure(map, group("measure"), {
  words, fetched: getJSON, duration, distance,
  changed(on) {
    if (on) picking(false);
    stage.classList.toggle("measuring", on);
  },
});

// Enter on the map itself means its middle, where a cross stands: whatever a click can do, the keyboard can.
map.getContainer().addEventListener("keydown", (event) => {
  if (event.key === "Enter" && event.target === map.getContainer()) clicked({ latlng: map.getCenter() });
});

const NEAR = { county: 10, township: 12, village: 14, grid: 14, road: 14, position: 16 };
const calm = matchMedia("(prefers-reduced-motion: reduce)");

/** Go to a place and let it flash. */
function jump(latlng, zoom) {
  map.setView(latlng, Math.max(map.getZoom(), zoom), { animate: !calm.matches });
  const ring = Object.assign(document.createElement("div"), { className: "flash" });
  const mark = L.marker(latlng, { icon: L.divIcon({ html: ring, className: "", iconSize: [60, 60] }), pane: "incidents", interactive: false, keyboard: false });
  group("draft").addLayer(mark);
  setTimeout(() => mark.remove(), 4000);
}

addSearch({
  words, names: config.names, types: config.types, fetched: getJSON,
  layerNames: Object.fromEntries(config.layers.map(({ code, name }) => [code, name])),
  chosen(one, title) {
    const [lon, lat] = one.position;
    const latlng = L.latLng(lat, lon);
    jump(latlng, NEAR[one.kind] || NEAR[one.layer] || 15);
    const page = one.kind === "incident" ? `/incidents/${one.id}`
      : ["place", "team", "depot"].includes(one.kind) ? `/resources/${one.layer}/${one.id}` : "";
    if (page && !field("lon")) openPanel(page);
    else offer(latlng, [...(page ? [[page, words.open_page]] : []), ...here(latlng)], title);
  },
});

const units = followPositions(map, config, getJSON, openPanel, () => arrange(group("orders"), group("incidents")));
const AGAIN_MS = 2000;
let asked = 0;
async function refresh() {
  const turn = ++asked;
  let state;
  try {
    state = await getJSON("/api/v1/map/state");
  } catch ({ status }) { // a worker that died, a database away: what happened is told only once, so it is asked for again
    if (turn === asked && status !== 401) setTimeout(refresh, AGAIN_MS);
    return;
  }
  if (turn !== asked) return;
  const labels = drawState(group, state, { ...config, open: (path) => drawing() || openPanel(path) });
  units.all(state.positions, labels);
}

let waiting = null;
listen(
  () => { waiting ??= setTimeout(() => { waiting = null; refresh(); }, 80); },
  (on) => { if (on) refresh(); },
  (unit) => units.moved(unit),
);

const [west, south, east, north] = config.bounds;
map.fitBounds([[south, west], [north, east]], { animate: false, paddingTopLeft: [LEGEND_PX, NARROW ? 50 : 0] });
labels = addBase(map, config.names);
labels.on("load", labelled);
addCursor(map, { names: config.names, words, fetched: getJSON });
L.control.scale({ imperial: false, position: "bottomleft" }).addTo(map);
L.control.zoom({ position: "bottomright", zoomInTitle: words.zoom_in, zoomOutTitle: words.zoom_out }).addTo(map);
addGrounds(map, [
  ...(config.online.length ? [
    { code: "built_in", name: words.built_in, exclusive: true },
    { code: "online", name: words.online, exclusive: true, layer: makeOnline(config.online, labels) },
  ] : []),
  ...(config.relief ? [{ code: "relief", name: words.relief, layer: makeRelief(config.relief) }] : []),
]);
addLegend(map, config.groups, config.layers, words, { show, hide });
addRoadKey(ROADS, words.roads);
refresh();
follow();
