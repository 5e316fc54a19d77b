// A small map of the way under the turns. Leaflet and the painter of the base map are fetched only here, after everything
// that matters more; where they do not come, the sketch stands.
/* global L */

const SCRIPTS = ["/static/vendor/leaflet/leaflet.js", "/static/vendor/protomaps-leaflet/protomaps-leaflet.js"];

function load(tag, attributes) {
  return new Promise((resolve, reject) => {
    const element = Object.assign(document.createElement(tag), attributes);
    element.addEventListener("load", resolve);
    element.addEventListener("error", reject);
    document.head.append(element);
  });
}

const colour = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();
const turned = (points) => points.map(([lon, lat]) => [lat, lon]);

/** Make the map in `box` and draw on it what the server said: scene, ways, closures and dangers. */
export async function makeMap(box, { token, names, said }, drawn) {
  await load("link", { rel: "stylesheet", href: "/static/vendor/leaflet/leaflet.css" });
  for (const src of SCRIPTS) await load("script", { src });
  const { addBase } = await import("./map/base.js");
  box.hidden = false;
  const map = L.map(box, { maxZoom: 17, zoomControl: false, attributionControl: false, scrollWheelZoom: false });
  L.control.zoom({ zoomInTitle: said.zoom_in, zoomOutTitle: said.zoom_out }).addTo(map);
  const group = L.featureGroup();
  map.createPane("labels").style.zIndex = 450;
  map.getPane("labels").style.pointerEvents = "none";

  function draw(now) {
    if (!now) return;
    group.clearLayers();
    if (now.planned.length) L.polyline(turned(now.planned), { color: colour("--bad"), weight: 3, dashArray: "2 8" }).addTo(group);
    if (now.way.length) L.polyline(turned(now.way), { color: colour("--road"), weight: 6, opacity: 0.9 }).addTo(group);
    if (now.walk.length) L.polyline(turned(now.walk), { color: colour("--walk"), weight: 4, dashArray: "1 8" }).addTo(group);
    for (const { kind, geometry } of now.nearby) {
      const look = { color: colour("--bad"), weight: kind === "danger" ? 2 : 6, fillOpacity: 0.18 };
      L.geoJSON(geometry, { style: look, pointToLayer: (_, at) => L.circleMarker(at, { ...look, radius: 7 }) }).addTo(group);
    }
    const [lon, lat] = now.scene;
    L.circleMarker([lat, lon], { radius: 10, color: "#fff", weight: 3, fillColor: colour("--bad-fill"), fillOpacity: 1 }).addTo(group);
  }

  draw(drawn);
  const [lon, lat] = drawn.scene;
  if (drawn.way.length) map.fitBounds(group.getBounds(), { padding: [18, 18], maxZoom: 15 });
  else map.setView([lat, lon], 13);
  addBase(map, names, `/api/v1/order-links/${token}/tiles/{z}/{x}/{y}.mvt`);
  group.addTo(map);
  return { draw };
}
