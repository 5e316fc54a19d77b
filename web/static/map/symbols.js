// Point symbols drawn on Leaflet's canvas: each layer has its own silhouette, so that none is told by colour alone.
/* global L */

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
  context.strokeStyle = "#ffffff";
  context.stroke(fill);
  context.fillStyle = colour;
  context.fill(fill);
  if (lines && radius >= 6) {
    context.lineWidth = 1.4 / radius;
    context.stroke(lines);
  }
  context.restore();
}

/** A circle marker (for its place, its clicks and its bounds) that draws a symbol. */
export const SymbolMarker = L.CircleMarker.extend({
  _updatePath() {
    if (!this._renderer._drawing || this._empty()) return;
    draw(this._renderer._ctx, this.options.look, this._point.x, this._point.y, this._radius);
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
  context.strokeStyle = look.colour;
  context.lineWidth = look.weight || 2;
  context.setLineDash(look.dash || []);
  if (geometry === "point") draw(context, look, 10, 10, 7.5);
  else if (geometry === "area") context.strokeRect(3, 4, 14, 12);
  else context.stroke(new Path2D("M2 14 L8 6 L12 13 L18 5"));
  return canvas;
}
