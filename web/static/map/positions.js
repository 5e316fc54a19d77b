// Where units were last seen: a mark with its age, the tail of its way under the pointer, late ones flagged. What moves
// comes alone and is drawn alone: two hundred trackers must not redraw the map.
/* global L */

import { nameOf, textElement } from "./layers.js";

const STALE_MS = 10 * 60_000; // an older place is a memory, drawn faint
const TOGETHER_MS = 1_000, AGE_MS = 30_000;

const minutes = (at) => Math.max(0, Math.floor((Date.now() - new Date(at)) / 60_000));
const clock = new Intl.DateTimeFormat(document.documentElement.lang, { hour: "2-digit", minute: "2-digit", hour12: false });

/**
 * Follow units on `map`. A unit with an open order has one mark, its order's, which moves with it and carries the age of
 * the fix; `arranged` is called when such marks have moved. Returns `all(collection)` for a whole state and `moved(unit)` for one that called out.
 */
export function followPositions(map, { words, names, vehicles }, getJSON, open, arranged) {
  const marks = new Map(); // "team 5" → its marker
  const group = L.layerGroup().addTo(map);
  const tail = L.layerGroup().addTo(map);
  let newest = "", waiting = null, labels = new Map();

  const named = ({ unit, kind, code, owner, ...rest }) =>
    unit === "team" ? nameOf(rest, names) : [vehicles[kind] || kind, code, owner].filter(Boolean).join(" ");
  const aged = ({ at }) => (minutes(at) < 1 ? words.just_now : words.ago.replace("{count}", minutes(at)));

  function dress(marker) {
    const { feature, mark } = marker;
    const { at, late, state } = feature.properties;
    mark.className = `fix${late ? " late" : ""}${Date.now() - new Date(at) > STALE_MS ? " stale" : ""}`;
    mark.replaceChildren(textElement("b", late ? "!" : state === "departed" ? "▶" : "●"), textElement("span", aged(feature.properties)));
  }

  function told({ properties }) {
    const box = document.createElement("div");
    box.append(textElement("b", named(properties)), textElement("div", aged(properties)));
    if (properties.expected_at) {
      const text = words.expected.replace("{at}", clock.format(new Date(properties.expected_at)));
      box.append(textElement("div", properties.late ? `${text} · ${words.late}` : text));
    }
    return box;
  }

  async function showTail({ unit, id }) {
    tail.clearLayers();
    const way = await getJSON(`/api/v1/positions/${unit}/${id}/track`);
    tail.addLayer(L.geoJSON(way, { interactive: false, style: { pane: "routes", color: getComputedStyle(document.documentElement).getPropertyValue("--walk").trim(), weight: 3, dashArray: "1 6" } }));
  }

  /** Write on the mark of a unit's order when it was last seen; of several units at one mark the newest counts. */
  function tell(label) {
    const { at, late } = label.fix.properties;
    const unit = label.getIcon().options.html;
    const age = unit.querySelector(".age") || unit.appendChild(textElement("span", "", "age"));
    age.textContent = [aged({ at }), late ? words.late : ""].filter(Boolean).join(" · ");
    age.classList.toggle("late", Boolean(late));
  }

  function putOn(label, feature) {
    if (label.fix && label.fix.properties.at > feature.properties.at) return;
    if (!label.fix) {
      label.on("mouseover", () => showTail(label.fix.properties));
      label.on("mouseout", () => tail.clearLayers());
      const list = label.getTooltip().getContent();
      label.setTooltipContent(() => {
        const box = document.createElement("div");
        box.append(list(), told(label.fix));
        return box;
      });
    }
    label.fix = feature;
    const [lon, lat] = feature.geometry.coordinates;
    label.setLatLng([lat, lon]);
    tell(label);
  }

  function put(feature) {
    const { unit, id, order, received_at: heard } = feature.properties;
    const key = `${unit} ${id}`;
    const [lon, lat] = feature.geometry.coordinates;
    if (heard > newest) newest = heard;
    if (labels.has(order)) {
      if (marks.has(key)) group.removeLayer(marks.get(key));
      marks.delete(key);
      putOn(labels.get(order), feature);
      return;
    }
    let marker = marks.get(key);
    if (!marker) {
      const mark = document.createElement("div");
      marker = Object.assign(L.marker([lat, lon], {
        pane: "incidents", zIndexOffset: 500, icon: L.divIcon({ html: mark, className: "", iconSize: [0, 0] }),
      }), { mark, feature });
      marker.bindTooltip(() => told(marker.feature));
      marker.on("mouseover", () => showTail(marker.feature.properties));
      marker.on("mouseout", () => tail.clearLayers());
      marker.on("click", () => {
        const { incident } = marker.feature.properties;
        if (incident) open(`/incidents/${incident}`);
        else if (unit === "team") open(`/resources/teams/${id}`);
      });
      marks.set(key, marker);
      group.addLayer(marker);
    }
    marker.feature = feature;
    marker.setLatLng([lat, lon]);
    dress(marker);
  }

  async function ask() {
    waiting = null;
    const since = newest ? `?received_after=${encodeURIComponent(newest)}` : "";
    const { features } = await getJSON(`/api/v1/positions${since}`);
    features.forEach(put);
    arranged();
  }

  setInterval(() => {
    marks.forEach(dress);
    new Set(labels.values()).forEach((label) => { if (label.fix) tell(label); });
  }, AGE_MS);

  return {
    /** Draw the whole state with the marks of its orders (order → mark); units that are no longer in it go. */
    all({ features }, drawn) {
      labels = drawn;
      const here = new Set(features.map(({ properties: { unit, id } }) => `${unit} ${id}`));
      for (const [key, marker] of marks) if (!here.has(key)) { group.removeLayer(marker); marks.delete(key); }
      features.forEach(put);
      arranged();
    },
    /** Something has moved: ask once for all that moved within a second. */
    moved() { waiting ??= setTimeout(ask, TOGETHER_MS); },
  };
}
