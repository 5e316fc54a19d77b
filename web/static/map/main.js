// The command map: finds the objects that Folium made, fills them by URL, and links the map with the panel beside it.
/* global L, htmx */

import { listen } from "../events.js";
import { addBase } from "./base.js";
import { addLegend } from "./legend.js";
import { drawLayer, nameOf } from "./layers.js";
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
const FIT = { maxZoom: 15, paddingTopLeft: [LEGEND_PX, 20], paddingBottomRight: [150, 20] };
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
  if (plan) {
    drawProposal(proposal, await getJSON(`/api/v1/plans/${plan}/routes`));
    if (proposal.getLayers().length) map.fitBounds(proposal.getBounds().pad(0.1), FIT);
  } else if (focus) {
    const [lon, lat] = focus.split(",").map(Number);
    await refresh();
    const ways = routesTo(incident);
    if (ways.isValid()) map.fitBounds(ways.extend([lat, lon]).pad(0.1), FIT);
    else map.setView([lat, lon], Math.max(map.getZoom(), 13));
  }
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

/** Show where the form's coordinates are. */
function showDraft() {
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
  showDraft();
  getJSON(`/api/v1/locate?lon=${lng.toFixed(6)}&lat=${lat.toFixed(6)}`)
    .then(({ chain, areas }) => {
      hint.textContent = (chain.length ? chain : areas).map((link) => nameOf(link, config.names)).join(" › ");
    })
    .catch(() => { hint.textContent = ""; });
}

function choose(latlng) {
  const box = document.createElement("div");
  const at = `?lon=${latlng.lng.toFixed(6)}&lat=${latlng.lat.toFixed(6)}`;
  for (const [path, text] of [["/incidents", words.report_here], ["/closures", words.close_here]]) {
    const button = Object.assign(document.createElement("button"), { type: "button", textContent: text });
    button.addEventListener("click", () => { map.closePopup(); openPanel(path + at); });
    box.append(button, " ");
  }
  L.popup().setLatLng(latlng).setContent(box).openOn(map);
}

function picking(on) {
  closeTool.setAttribute("aria-pressed", String(on));
  stage.classList.toggle("picking", on || Boolean(field("lon")));
  hint.textContent = on ? words.click_road : "";
}

map.on("click", ({ latlng }) => {
  if (closeTool.getAttribute("aria-pressed") === "true") {
    picking(false);
    openPanel(`/closures?lon=${latlng.lng.toFixed(6)}&lat=${latlng.lat.toFixed(6)}`);
  } else if (field("lon")) fill(latlng);
  else choose(latlng);
});
closeTool.addEventListener("click", () => picking(closeTool.getAttribute("aria-pressed") !== "true"));
document.body.addEventListener("htmx:afterSettle", (event) => {
  if (event.target.id === "content") follow();
  picking(false);
});
document.body.addEventListener("input", (event) => {
  if (["lon", "lat"].includes(event.target.name)) showDraft();
});

// -- the map ----------------------------------------------------------------------------------------------------------

map.on("zoomend", () => arrange(group("orders")));

let asked = 0;
async function refresh() {
  const turn = ++asked;
  const state = await getJSON("/api/v1/map/state");
  if (turn === asked) drawState(group, state, { ...config, open: openPanel });
}

let waiting;
listen(
  (act) => {
    htmx.trigger(document.body, "act", act);
    clearTimeout(waiting);
    waiting = setTimeout(refresh, 80);
  },
  (on) => {
    const light = document.getElementById("live");
    light.toggleAttribute("data-on", on);
    light.textContent = on ? words.live : words.reconnecting;
    if (on) refresh();
  },
);

const [west, south, east, north] = config.bounds;
map.fitBounds([[south, west], [north, east]], { animate: false, paddingTopLeft: [LEGEND_PX, 0] });
addBase(map, config.names);
L.control.scale({ imperial: false, position: "bottomleft" }).addTo(map);
L.control.zoom({ position: "bottomright", zoomInTitle: words.zoom_in, zoomOutTitle: words.zoom_out }).addTo(map);
addLegend(map, group, config.layers, words);
for (const layer of config.layers) {
  getJSON(`/api/v1/layers/${layer.code}/items?limit=20000`).then((items) => drawLayer(map, group(layer.code), layer, items, config.names, openPanel));
}
refresh();
follow();
