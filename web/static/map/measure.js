// Measuring: click a chain of points, read its length and time along the roads beside the straight line.
/* global L */

import { textElement } from "./layers.js";
import { palette } from "./palette.js";

/**
 * Keep the measuring tool. `duration(ms)` and `distance(m)` write numbers in words; `changed(on)` is called when the tool is
 * taken up or put down. Returns {on(), add(latlng), stop()}.
 */
export function addMeasure(map, group, { words, fetched, duration, distance, changed }) {
  const button = document.getElementById("measure-tool");
  const box = document.getElementById("measure");
  const told = document.getElementById("measure-told");
  const by = document.getElementById("measure-by");
  let points = [], turn = 0;

  function line(geometry, options) {
    const { bridge } = palette();
    return L.geoJSON(geometry, { pane: "routes", interactive: false, style: { color: bridge, ...options } });
  }

  function drawn(answer) {
    group.clearLayers();
    const colour = getComputedStyle(box).getPropertyValue("--accent").trim();
    const straight = { type: "LineString", coordinates: points.map(({ lng, lat }) => [lng, lat]) };
    if (points.length > 1) group.addLayer(line(straight, { weight: 1.5, dashArray: "3 6" }));
    for (const leg of answer?.legs || []) {
      if (leg.drive) group.addLayer(line(leg.drive, { color: colour, weight: 5, opacity: 0.85 }));
      if (leg.walk && leg.walk_ms) group.addLayer(line(leg.walk, { color: colour, weight: 4, dashArray: "1 8" }));
    }
    points.forEach((point, index) => {
      const icon = L.divIcon({ html: textElement("b", String(index + 1), "measure-point"), className: "", iconSize: [20, 20] });
      group.addLayer(L.marker(point, { icon, pane: "incidents", interactive: false, keyboard: false }));
    });
  }

  function facts(answer) {
    const list = Object.assign(document.createElement("dl"), { className: "facts" });
    const by_road = answer.road_m === null ? words.no_way : distance(answer.road_m);
    for (const [name, value] of [
      [words.by_road, by_road],
      [words.driving_time, answer.road_ms === null ? "—" : duration(answer.road_ms)],
      [words.straight, distance(answer.straight_m)],
    ]) list.append(textElement("dt", name), textElement("dd", value, "number"));
    return list;
  }

  async function refresh() {
    const mine = ++turn;
    drawn(null);
    if (points.length < 2) { told.replaceChildren(textElement("p", words.click_points, "quiet")); return; }
    const chain = points.map(({ lng, lat }) => `${lng.toFixed(6)},${lat.toFixed(6)}`).join(";");
    const answer = await fetched(`/api/v1/measure?points=${chain}&by=${by.value}`).catch(() => null);
    if (mine !== turn) return;
    if (answer) { drawn(answer); told.replaceChildren(facts(answer)); } else told.replaceChildren(textElement("p", words.not_measured));
  }

  function set(on) {
    button.setAttribute("aria-pressed", String(on));
    box.hidden = !on;
    points = [];
    if (on) refresh();
    else { turn += 1; group.clearLayers(); }
    changed(on);
  }

  const tool = {
    on: () => button.getAttribute("aria-pressed") === "true",
    add: (latlng) => { if (points.length < 20) { points = [...points, latlng.wrap()]; refresh(); } },
    stop: () => { if (tool.on()) set(false); },
  };
  button.addEventListener("click", () => set(!tool.on()));
  by.addEventListener("change", refresh);
  document.getElementById("measure-back").addEventListener("click", () => { points = points.slice(0, -1); refresh(); });
  document.getElementById("measure-end").addEventListener("click", () => { set(false); button.focus(); });
  document.addEventListener("keydown", (event) => {
    if (!tool.on() || event.target.closest?.("input, textarea, select")) return;
    if (event.key === "Escape") { set(false); button.focus(); }
    if (event.key === "Backspace") { event.preventDefault(); points = points.slice(0, -1); refresh(); }
  });
  return tool;
}
