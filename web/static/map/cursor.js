// What lies under the cursor: coordinates at once; BeiDou code, responsible grid and village when the hand rests.
// Without a mouse it is the middle of the map.

import { nameOf } from "./layers.js";

const REST_MS = 180;

/** "111.02541° E  36.10432° N" */
export function coordinates({ lng, lat }) {
  return `${Math.abs(lng).toFixed(5)}° ${lng < 0 ? "W" : "E"}  ${Math.abs(lat).toFixed(5)}° ${lat < 0 ? "S" : "N"}`;
}

export function addCursor(map, { names, words, fetched }) {
  const parts = Object.fromEntries(["position", "code", "area", "grid"].map((name) => [name, document.getElementById(`cursor-${name}`)]));
  let waiting, turn = 0;

  async function look({ lng, lat }) {
    const mine = ++turn;
    const found = await fetched(`/api/v1/locate?lon=${lng.toFixed(6)}&lat=${lat.toFixed(6)}`).catch(() => null);
    if (mine !== turn || !found) return;
    const inner = found.areas.filter(({ level }) => level === "township" || level === "village");
    parts.code.textContent = found.beidou || "";
    parts.area.textContent = inner.map((area) => nameOf(area, names)).join(" › ");
    const leaf = found.chain.at(-1);
    parts.grid.textContent = leaf ? `${words.grid} ${nameOf(leaf, names) || leaf.code}` : "";
  }

  function at(latlng) {
    const place = latlng.wrap();
    if (Math.abs(place.lat) > 90) return;
    parts.position.textContent = coordinates(place);
    clearTimeout(waiting);
    waiting = setTimeout(() => look(place), REST_MS);
  }

  map.on("mousemove", ({ latlng }) => at(latlng));
  map.getContainer().addEventListener("mouseleave", () => at(map.getCenter()));
  map.on("moveend", () => { if (!map.getContainer().matches(":hover")) at(map.getCenter()); });
  at(map.getCenter());
}
