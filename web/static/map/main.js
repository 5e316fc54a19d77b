// The command map: finds the objects that Folium made, fills them by URL, and links the map with the panel beside it.
/* global L, htmx */

import { listen } from "../events.js";
import { addBase, ROADS } from "./base.js";
import { addLegend, addRoadKey } from "./legend.js";
import { drawLayer, nameOf, textElement } from "./layers.js";
import { arrange, drawProposal, drawState } from "./state.js";

const config = JSON.parse(document.getElementById("config").textContent);
const { words } = config;
const map = window.map_command;
const group = (name) => window[`feature_group_${name}`];
const hint = document.getElementById("hint");
const closeTool = document.getElementById("close-tool");
const stage = document.getElementById("map-stage");

async function getJSON(address) {
  const answer = await fetch(address, { headers: { Accept: "application/json" } });
  if (!answer.ok) throw new Error(`${address}: ${answer.status}`);
  return answer.json();
}

// -- the panel --------------------------------------------------------------------------------------------------------

const LEGEND_PX = 226;
// room for the legend, for a mark above its point, and for the words to the right of ordered units
const FIT = { maxZoom: 15, paddingTopLeft: [LEGEND_PX, 60], paddingBottomRight: [190, 40] };
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

/** Offer pages, as pairs of path and text, at a point of the map. */
function offer(latlng, pages) {
  const box = document.createElement("div");
  for (const [path, text] of pages) {
    const button = Object.assign(textElement("button", text), { type: "button" });
    button.addEventListener("click", () => { map.closePopup(); openPanel(path); });
    box.append(button, " ");
  }
  L.popup({ autoPan: false }).setLatLng(latlng).setContent(box).openOn(map);
}

/** A place was clicked. While a form waits for a position the click means that, and the place's page is only offered. */
function touched(event, path, name) {
  if (drawing()) return;
  L.DomEvent.stop(event);
  if (closeTool.getAttribute("aria-pressed") === "true" || field("lon")) {
    clicked(event);
    offer(event.latlng, [[path, name]]);
  } else openPanel(path);
}

function picking(on) {
  closeTool.setAttribute("aria-pressed", String(on));
  stage.classList.toggle("picking", on || Boolean(field("lon")));
  hint.textContent = on ? words.click_road : "";
}

function clicked({ latlng }) {
  if (drawing()) return;
  const at = `?lon=${latlng.lng.toFixed(6)}&lat=${latlng.lat.toFixed(6)}`;
  if (closeTool.getAttribute("aria-pressed") === "true") {
    picking(false);
    openPanel(`/closures${at}`);
  } else if (field("lon")) {
    map.closePopup();
    fill(latlng);
  } else if (config.here.length) offer(latlng, config.here.map(([path, text]) => [path + at, text]));
}

map.on("click", clicked);
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
  if (event.target.id === "content") follow();
  picking(false);
});
document.body.addEventListener("input", (event) => {
  if (["lon", "lat", "geometry"].includes(event.target.name)) showDraft();
});

// -- the map ----------------------------------------------------------------------------------------------------------

map.on("moveend", () => arrange(group("orders")));

let asked = 0;
async function refresh() {
  const turn = ++asked;
  const state = await getJSON("/api/v1/map/state");
  if (turn === asked) drawState(group, state, { ...config, open: openPanel });
}

let waiting = null;
listen(
  () => { waiting ??= setTimeout(() => { waiting = null; refresh(); }, 80); },
  (on) => { if (on) refresh(); },
);

const [west, south, east, north] = config.bounds;
map.fitBounds([[south, west], [north, east]], { animate: false, paddingTopLeft: [LEGEND_PX, 0] });
addBase(map, config.names);
L.control.scale({ imperial: false, position: "bottomleft" }).addTo(map);
L.control.zoom({ position: "bottomright", zoomInTitle: words.zoom_in, zoomOutTitle: words.zoom_out }).addTo(map);
addLegend(map, group, config.layers);
addRoadKey(ROADS, words.roads);
for (const layer of config.layers) {
  getJSON(`/api/v1/layers/${layer.code}/items?limit=20000`).then((items) => drawLayer(map, group(layer.code), layer, items, config.names, touched));
}
refresh();
follow();
