// Point symbols drawn on Leaflet's canvas: each layer has its own silhouette, so that none is told by colour alone.
/* global L */

import { onGround, palette } from "./palette.js";

// name: silhouette and inner lines as SVG paths; the symbol's radius is 1.
const SHAPES = {
  box: ["M-.95-.95H.95V.95H-.95Z", "M-.95-.3H.95M0-.95V-.3"],
  "box-open": ["M-.95-.4H.95V.95H-.95ZM-.95-.4L-1.2-1.05H-.25L0-.4L.25-1.05H1.2L.95-.4Z", "M0-.4V.3"],
  circle: ["M1 0A1 1 0 1 1-1 0A1 1 0 1 1 1 0Z"],
  diamond: ["M0-1.15L1.15 0L0 1.15L-1.15 0Z"],
  dot: ["M.6 0A.6.6 0 1 1-.6 0A.6.6 0 1 1 .6 0Z"],
  drop: ["M0-1.25C.5-.5.85 0 .85.35A.85.85 0 0 1-.85.35C-.85 0-.5-.5 0-1.25Z"],
  factory: ["M-1.05.95V-.2L-.4.25V-.2L.25.25V-1.05H.75L.95.95Z"],
  h: ["M1 0A1 1 0 1 1-1 0A1 1 0 1 1 1 0Z", "M-.4-.55V.55M.4-.55V.55M-.4 0H.4"],
  horn: ["M-1.05-.4H-.4L.6-1.05V1.05L-.4.4H-1.05Z", "M.95-.5A.8.8 0 0 1 .95.5"],
  house: ["M0-1.15L1.1-.15H.8V.95H-.8V-.15H-1.1Z", "M0 .95V.25"],
  shield: ["M0-1.15L1-.8V0C1 .6.5 1 0 1.2C-.5 1-1 .6-1 0V-.8Z", "M0-.6V.6M-.5 0H.5"],
  square: ["M-.85-.85H.85V.85H-.85Z"],
  triangle: ["M0-1.2L1.15.9H-1.15Z", "M0-.4V.25M0 .5V.65"],
};
const paths = Object.fromEntries(
  Object.entries(SHAPES).map(([name, [fill, lines]]) => [name, { fill: new Path2D(fill), lines: lines && new Path2D(lines) }]),
);

/** Draw one symbol centred at (x, y); its inner lines are left out when it is too small to show them. */
export function draw(context, { symbol, colour }, x, y, radius) {
  const { fill, lines } = paths[symbol] || paths.circle;
  context.save();
  context.translate(x, y);
  context.scale(radius, radius);
  context.lineJoin = "round";
  context.lineWidth = 2.6 / radius;
  context.strokeStyle = palette().halo;
  context.stroke(fill);
  context.fillStyle = onGround(colour);
  context.fill(fill);
  if (lines && radius >= 6) {
    context.lineWidth = 1.4 / radius;
    context.stroke(lines);
  }
  context.restore();
}

const LABEL_FONT = '12px "Noto Sans CJK SC", "PingFang SC", "Microsoft YaHei", sans-serif';
const LABEL_PX = 15;
const measuring = document.createElement("canvas").getContext("2d");
measuring.font = LABEL_FONT;
const widths = new Map();

/** Width in pixels of a label; measured once. */
export function labelWidth(text) {
  if (!widths.has(text)) widths.set(text, measuring.measureText(text).width);
  return widths.get(text);
}

/** Write a label under a symbol. */
export function writeLabel(context, text, colour, x, y, radius) {
  context.save();
  context.font = LABEL_FONT;
  context.textAlign = "center";
  context.textBaseline = "top";
  context.lineJoin = "round";
  context.lineWidth = 3;
  context.strokeStyle = palette().halo;
  context.strokeText(text, x, y + radius + 2);
  context.fillStyle = onGround(colour);
  context.fillText(text, x, y + radius + 2);
  context.restore();
}

/** A circle marker (for its place, its clicks and its bounds) that draws a symbol, and its label while `labelled`. */
export const SymbolMarker = L.CircleMarker.extend({
  labelled: false,

  /** Show or hide the label; says whether that changed anything. */
  setLabelled(on) {
    if (this.labelled === on) return;
    this.labelled = on;
    this._updateBounds();
    this.redraw();
  },

  _updateBounds() {
    L.CircleMarker.prototype._updateBounds.call(this);
    if (!this.options.label) return; // the ground to draw again holds the label, whether it comes or goes
    const half = labelWidth(this.options.label) / 2 + 3;
    this._pxBounds.extend(this._point.add([half, this._radius + LABEL_PX + 4])).extend(this._point.subtract([half, 0]));
  },

  _updatePath() {
    if (!this._renderer._drawing || this._empty()) return;
    const { look, label } = this.options, { x, y } = this._point;
    draw(this._renderer._ctx, look, x, y, this._radius);
    if (this.labelled) writeLabel(this._renderer._ctx, label, look.colour, x, y, this._radius);
  },
});

function emptySwatch() {
  const canvas = document.createElement("canvas");
  const ratio = window.devicePixelRatio || 1;
  canvas.width = canvas.height = 20 * ratio;
  canvas.setAttribute("aria-hidden", "true");
  canvas.getContext("2d").scale(ratio, ratio);
  return canvas;
}

/** The same symbol for the legend; lines and areas as a swatch. A given canvas is drawn over. */
export function swatch(look, geometry, canvas = emptySwatch()) {
  const context = canvas.getContext("2d");
  context.strokeStyle = onGround(look.colour);
  context.lineWidth = look.weight || 2;
  context.setLineDash(look.dash || []);
  if (geometry === "point") draw(context, look, 10, 10, 7.5);
  else if (geometry === "area") context.strokeRect(3, 4, 14, 12);
  else context.stroke(new Path2D("M2 14 L8 6 L12 13 L18 5"));
  return canvas;
}
