// Drawing closures and danger areas. Loaded with the library for it when somebody first presses a tool.
/* global L */

const VENDOR = "/static/vendor/leaflet-geoman/leaflet-geoman";
const LINE = { color: "#b3261e", weight: 4 };

let ready;

/** Load the library once: its script and style are our own files, as the page's policy asks. */
export function load(map) {
  ready ??= new Promise((done, failed) => {
    const style = Object.assign(document.createElement("link"), { rel: "stylesheet", href: `${VENDOR}.css` });
    const script = Object.assign(document.createElement("script"), { src: `${VENDOR}.js`, onload: done, onerror: failed });
    document.head.append(style, script);
  }).then(() => {
    // a map that was made before the library came has no tools yet
    L.PM.reInitLayer(map);
    map.pm.setLang(document.documentElement.lang.startsWith("zh") ? "zh" : "en");
    map.pm.setGlobalOptions({ continueDrawing: false, snappable: false, pathOptions: LINE, templineStyle: LINE, hintlineStyle: { ...LINE, dashArray: "5 5" } });
  });
  return ready;
}

/** Let somebody draw one shape ("Marker", "Line" or "Polygon") and give its geometry to `drawn`. Pressing again gives up. */
export async function draw(map, button, drawn, options = {}) {
  await load(map);
  const drawing = map.pm.globalDrawModeEnabled() && button.getAttribute("aria-pressed") === "true";
  map.pm.disableDraw();
  if (drawing) return;
  map.pm.enableDraw(button.dataset.draw, options);
  button.setAttribute("aria-pressed", "true");
  map.off("pm:create").once("pm:create", ({ layer }) => {
    const { geometry } = layer.toGeoJSON(6);
    layer.remove();
    drawn(geometry);
  });
  map.once("pm:drawend", () => button.setAttribute("aria-pressed", "false"));
}
