// Layers of many features, as vector tiles: what is near together comes as one circle with its number.
/* global L, protomapsL */

import { onGround, onTheme, palette } from "./palette.js";
import { draw } from "./symbols.js";

const DATA_ZOOM = 16; // from there on the server draws every feature for itself
const REACH_PX = 28; // of a data tile, which is drawn at half its size
const NUMBER_FONT = '600 11px "Noto Sans CJK SC", "PingFang SC", "Microsoft YaHei", sans-serif';

const short = (count) => (count < 1000 ? String(count) : count < 10_000 ? `${(count / 1000).toFixed(1)}k` : `${Math.round(count / 1000)}k`);

/** Paints features of one layer: a symbol for one, a circle with a number for several. */
class Gathered {
  constructor(layer) { this.layer = layer; }

  draw(context, rings, zoom, { props }) {
    if (this.layer.geometry !== "point") { this.outline(context, rings); return; }
    const [[{ x, y }]] = rings;
    if (props.n === 1) { draw(context, this.layer, x, y, zoom < 12 ? this.layer.size * 0.5 : zoom < 14 ? this.layer.size * 0.7 : this.layer.size); return; }
    context.save();
    context.beginPath();
    context.arc(x, y, 9 + Math.min(6, 1.6 * Math.log10(props.n)), 0, 2 * Math.PI);
    context.fillStyle = onGround(this.layer.colour);
    context.strokeStyle = palette().halo;
    context.lineWidth = 2;
    context.fill();
    context.stroke();
    context.fillStyle = palette().halo;
    context.font = NUMBER_FONT;
    context.textAlign = "center";
    context.textBaseline = "middle";
    context.fillText(short(props.n), x, y + 0.5);
    context.restore();
  }

  outline(context, rings) {
    context.save();
    context.strokeStyle = onGround(this.layer.colour);
    context.lineWidth = this.layer.line_width;
    context.beginPath();
    for (const ring of rings) ring.forEach(({ x, y }, at) => (at ? context.lineTo(x, y) : context.moveTo(x, y)));
    context.stroke();
    context.restore();
  }
}

/** Make the tiles of one layer. */
export function makeTiles(layer) {
  const tiles = protomapsL.leafletLayer({
    url: `/api/v1/layers/${layer.code}/tiles/{z}/{x}/{y}.mvt`, maxDataZoom: DATA_ZOOM, pane: layer.geometry === "point" ? "places" : "areas",
    paintRules: [{ dataLayer: "features", symbolizer: new Gathered(layer) }],
  });
  onTheme(() => tiles.rerenderTiles());
  return tiles;
}

/** Find what is drawn at a position: {n} for several, with {id, code, name} for one; null for nothing. */
export function pick(tiles, { lng, lat }) {
  if (!tiles._map) return null;
  const [found] = [...tiles.queryTileFeaturesDebug(lng, lat, REACH_PX).values()].flat();
  return found ? found.feature.props : null;
}

/** Let the name that `named(latlng)` gives follow the pointer: what tiles show has no element to hang it on. */
export function nameUnderPointer(map, named) {
  const shown = L.tooltip({ direction: "top", offset: [0, -8] });
  let pointer = null;
  function show() {
    if (!pointer) return; // it has left
    const text = named(pointer);
    if (text) map.openTooltip(shown.setLatLng(pointer).setContent(Object.assign(document.createElement("span"), { textContent: text })));
    else map.closeTooltip(shown);
    pointer = null;
  }
  map.on("mousemove", ({ latlng }) => {
    if (!pointer) requestAnimationFrame(show); // at most once a frame, for where it is by then
    pointer = latlng;
  });
  map.on("mouseout zoomstart", () => { pointer = null; map.closeTooltip(shown); });
}
