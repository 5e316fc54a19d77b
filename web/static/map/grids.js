// The map beside the pages of grids: cells, findings, previews, and changing cells by hand.
/* global L */

import { addBase } from "./base.js";
import { draw, load } from "./draw.js";
import { nameOf, textElement } from "./layers.js";

const config = JSON.parse(document.getElementById("config").textContent);
const { words } = config;
const map = window.map_command;
const hint = document.getElementById("hint");
const NOW = { color: "#7a8b3c", weight: 1.4, fillOpacity: 0.06, pane: "areas" };
const CHOSEN = { color: "#1b5fa8", weight: 3, fillOpacity: 0.22, pane: "areas" };
const FAULT = { color: "#b3261e", weight: 4, fillOpacity: 0.35, pane: "places" };
const BEFORE = { color: "#b3261e", weight: 2, dashArray: "5 4", fillOpacity: 0, pane: "places" };
const AFTER = { color: "#1a7f37", weight: 2.5, fillOpacity: 0.18, pane: "places" };
const STATES = { new: AFTER, changed: CHOSEN, same: NOW };
const EDGE = { color: "#6a1b9a", weight: 5 };

map.attributionControl?.remove();
L.control.zoom({ position: "topright", zoomInTitle: words.zoom_in, zoomOutTitle: words.zoom_out }).addTo(map);
L.control.scale({ imperial: false }).addTo(map);
addBase(map, config.names);
const [west, south, east, north] = config.bounds;
map.fitBounds([[south, west], [north, east]]);

const fill = (text, values) => Object.entries(values).reduce((told, [key, value]) => told.replace(`{${key}}`, value), text);
const cells = new Map(); // code → drawn cell
const fit = (layer) => layer && map.fitBounds(layer.getBounds().pad(0.4), { maxZoom: 17 });

async function getJSON(address) {
  const answer = await fetch(address, { headers: { Accept: "application/json" } });
  if (!answer.ok) throw new Error(`${address}: ${answer.status}`);
  return answer.json();
}

/** Draw the cells; `touched(code)` is called when one is clicked. */
async function drawCells(look, touched) {
  const found = await getJSON(config.shapes);
  const drawn = L.geoJSON(found, {
    style: ({ properties }) => look(properties),
    onEachFeature: ({ properties }, layer) => {
      cells.set(properties.code, layer);
      layer.bindTooltip(() => textElement("span", `${nameOf(properties, config.names)} ${properties.alias || properties.code}`));
      layer.on("click", () => touched(properties.code));
    },
  }).addTo(map);
  if (drawn.getBounds().isValid()) map.fitBounds(drawn.getBounds(), { padding: [12, 12] });
  return drawn;
}

/** Let the rows with `data-{name}` show what they are about, by mouse and by keyboard. */
function rowsShow(name, layerOf) {
  for (const row of document.querySelectorAll(`[data-${name}]`)) {
    const show = () => {
      for (const other of document.querySelectorAll("tr[aria-current]")) other.removeAttribute("aria-current");
      row.setAttribute("aria-current", "true");
      fit(layerOf(row.dataset[name]));
    };
    row.addEventListener("click", (event) => { if (!event.target.closest("a")) show(); });
    row.addEventListener("keydown", (event) => { if (event.key === "Enter" && !event.target.closest("a")) show(); });
  }
}

const open = (code) => { location.href = `/grids/${encodeURIComponent(code)}`; };

async function overview() {
  await drawCells(() => NOW, open);
  rowsShow("grid", (code) => cells.get(code));
  if (!config.point) return;
  const [lon, lat] = config.point;
  L.circleMarker([lat, lon], { ...FAULT, radius: 7 }).addTo(map);
  map.setView([lat, lon], 14);
}

async function cell() {
  await drawCells(() => NOW, open);
  const own = L.geoJSON(config.cell, { style: CHOSEN, interactive: false }).addTo(map);
  fit(own);
}

async function made() {
  await drawCells(({ state }) => STATES[state], () => {});
  rowsShow("grid", (code) => cells.get(code));
}

async function check() {
  await drawCells(() => NOW, open);
  const found = new Map();
  for (const feature of config.findings) {
    const layer = L.geoJSON(feature, { style: FAULT, pointToLayer: (_, at) => L.circleMarker(at, { ...FAULT, radius: 8 }) });
    // a hairline has no width on the screen: its middle is marked too
    const marked = L.featureGroup([layer, L.circleMarker(layer.getBounds().getCenter(), { ...FAULT, radius: 7, fillOpacity: 0.1, weight: 2 })]).addTo(map);
    found.set(String(feature.properties.number), { getBounds: () => layer.getBounds(), marked });
  }
  rowsShow("finding", (number) => found.get(number));
  const changes = config.changes.map(({ before, after }) => {
    const both = L.featureGroup();
    if (before) both.addLayer(L.geoJSON(before, { style: BEFORE, interactive: false }));
    if (after) both.addLayer(L.geoJSON(after, { style: AFTER, interactive: false }));
    return both;
  });
  let shown;
  rowsShow("change", (number) => {
    shown?.remove();
    shown = changes[Number(number)].addTo(map);
    return shown;
  });
}

// -- changing cells ---------------------------------------------------------------------------------------------------

const byId = (id) => document.getElementById(id);

function edit() {
  const chosen = new Set(config.chosen.filter(Boolean));
  const tools = [...document.querySelectorAll("[data-edit]")];
  const result = L.featureGroup().addTo(map);
  const edges = L.featureGroup().addTo(map);
  const csrf = byId("content").dataset.csrf;
  let wanted = null;

  const say = () => {
    byId("chosen").textContent = chosen.size ? fill(words.chosen, { codes: [...chosen].join(", ") }) : words.none_chosen;
    for (const button of tools) {
      button.disabled = { split: chosen.size !== 1, merge: chosen.size < 2, border: chosen.size !== 2 }[button.dataset.edit];
    }
    for (const [code, layer] of cells) {
      layer.setStyle(chosen.has(code) ? CHOSEN : NOW);
      if (chosen.has(code)) layer.bringToFront();
    }
  };
  const clear = () => {
    wanted = null;
    result.clearLayers();
    edges.clearLayers();
    hint.textContent = "";
    byId("edit-preview").hidden = byId("edit-refused").hidden = true;
  };
  const refuse = (text) => {
    result.clearLayers();
    byId("edit-preview").hidden = true;
    byId("edit-refused").hidden = false;
    byId("edit-refused").textContent = text;
  };
  const send = async (address, body) => {
    const answer = await fetch(address, {
      method: "POST", body: JSON.stringify(body),
      headers: { "Content-Type": "application/json", "X-CSRF-Token": csrf, Accept: "application/json" },
    });
    return { ok: answer.ok, told: await answer.json() };
  };
  const show = ({ changes, ending }) => {
    result.clearLayers();
    byId("edit-changes").replaceChildren(...changes.map((one) => {
      const row = document.createElement("tr");
      const told = fill(words.square_km, { before: one.before_km2.toFixed(3), after: one.after_km2.toFixed(3) });
      row.append(textElement("td", one.name || one.code), textElement("td", one.code, "number"),
        textElement("td", one.before ? one.after ? "" : words.gone : words.new), textElement("td", told, "number"));
      if (one.level === 5) {
        if (one.before) result.addLayer(L.geoJSON(one.before, { style: BEFORE, interactive: false }));
        if (one.after) result.addLayer(L.geoJSON(one.after, { style: AFTER, interactive: false }));
      }
      return row;
    }));
    byId("edit-ending").replaceChildren(...ending.map((duty) =>
      textElement("li", fill(words.ends, { duty: `${duty.subject} · ${duty.person.name}` }))));
    edges.bringToFront();
    byId("edit-preview").hidden = false;
    byId("edit-refused").hidden = true;
    byId("map-stage").dataset.previewed = String(Number(byId("map-stage").dataset.previewed || 0) + 1);
  };
  const preview = async (edit) => {
    try {
      const { ok, told } = await send("/api/v1/grids/edit/preview", edit);
      if (!ok) { refuse(await inWords(told)); return; }
      wanted = edit;
      show(told);
    } catch {
      refuse(words.failed);
    }
  };
  /** Refusals come as codes; the page has their words. */
  const inWords = async ({ code, details }) => {
    const answer = await fetch(`/grids/words?${new URLSearchParams({ code, details: JSON.stringify(details || {}) })}`);
    return answer.ok ? answer.text() : code;
  };

  const ways = {
    split: (button) => {
      hint.textContent = words.draw_line;
      draw(map, button, (line) => { hint.textContent = ""; preview({ kind: "split", grids: [...chosen], line }); });
    },
    merge: () => preview({ kind: "merge", grids: [...chosen] }),
    border: async () => {
      const [first, second] = [...chosen];
      const answer = await fetch(`/api/v1/grids/border?${new URLSearchParams({ first, second })}`);
      if (!answer.ok) { refuse(await inWords(await answer.json())); return; }
      const stretches = (await answer.json()).features;
      await load(map);
      hint.textContent = words.drag_border;
      for (const feature of stretches) {
        const [line] = L.geoJSON(feature, { style: EDGE }).getLayers();
        edges.addLayer(line);
        line.pm.enable({ snappable: false, allowSelfIntersection: false, limitMarkersToCount: 40 });
        line.on("pm:edit", () => preview({ kind: "border", grids: [first, second], line: line.toGeoJSON(9).geometry }));
      }
      fit(edges);
    },
  };
  for (const button of tools) {
    button.dataset.draw = "Line";
    button.addEventListener("click", () => { clear(); ways[button.dataset.edit](button); });
  }
  byId("edit-cancel").addEventListener("click", clear);
  byId("edit-save").addEventListener("click", async () => {
    if (!wanted) return;
    const request_id = crypto.randomUUID?.() ?? "10000000-1000-4000-8000-100000000000".replace(/[018]/g, (c) =>
      (Number(c) ^ (crypto.getRandomValues(new Uint8Array(1))[0] & (15 >> (Number(c) / 4)))).toString(16));
    const { ok, told } = await send("/api/v1/grids/edit", { ...wanted, request_id });
    if (!ok) { refuse(await inWords(told)); return; }
    location.assign(`/grids/edit?${new URLSearchParams({ theme: config.theme, done: request_id })}`);
  });
  drawCells(() => NOW, (code) => {
    if (map.pm?.globalDrawModeEnabled()) return;
    clear();
    if (!chosen.delete(code)) chosen.add(code);
    say();
  }).then(() => {
    say();
    fit(cells.get([...chosen][0]));
  });
}

// -- drawing leaf cells -----------------------------------------------------------------------------------------------

async function make() {
  const field = byId("drawn");
  const button = byId("draw");
  const list = byId("drawn-list");
  const shapes = L.featureGroup().addTo(map);
  const keep = () => {
    const drawn = shapes.getLayers();
    field.value = drawn.length ? JSON.stringify(drawn.map((one) => one.toGeoJSON(8).geometry)) : "";
    list.replaceChildren(...drawn.map((one, index) => {
      const row = textElement("li", `${fill(words.drawn, { number: index + 1 })} `);
      const away = Object.assign(textElement("button", words.remove), { type: "button" });
      away.addEventListener("click", () => { shapes.removeLayer(one); keep(); });
      away.addEventListener("mouseenter", () => one.setStyle(FAULT));
      away.addEventListener("mouseleave", () => one.setStyle(AFTER));
      row.append(away);
      return row;
    }));
  };
  const add = (geometry) => {
    const [layer] = L.geoJSON(geometry, { style: AFTER }).getLayers();
    shapes.addLayer(layer);
    layer.on("pm:edit", keep);
  };
  // the handles of a polygon would take the clicks that draw the next one
  const movable = (yes) => shapes.eachLayer(({ pm }) => {
    if (yes) pm.enable({ snappable: true, allowSelfIntersection: false, limitMarkersToCount: 40 });
    else pm.disable();
  });
  byId("draw-tools").hidden = false;
  button.addEventListener("click", async () => {
    await draw(map, button, (geometry) => { add(geometry); keep(); }, { snappable: true, snapDistance: 12 });
    const drawing = map.pm.globalDrawModeEnabled();
    hint.textContent = drawing ? words.draw_polygon : "";
    movable(!drawing);
    if (drawing) map.once("pm:drawend", () => { hint.textContent = ""; setTimeout(() => movable(true)); });
  });
  await drawCells(() => NOW, () => {});
  if (!field.value) return;
  await load(map); // what was drawn before the form came back refused
  JSON.parse(field.value).forEach(add);
  movable(true);
  keep();
  fit(shapes);
}

({ overview, cell, made, check, edit, make })[config.mode]();
document.getElementById("map-stage").dataset.ready = "true";
