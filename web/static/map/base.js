// The base map: how roads, water, woods and places of /api/v1/tiles are painted and named.
/* global L, protomapsL */

import { theme } from "../theme.js";
import { onTheme, palette } from "./palette.js";

const FONT = '"Noto Sans CJK SC", "PingFang SC", "Microsoft YaHei", sans-serif';
const { PolygonSymbolizer, LineSymbolizer, LineLabelSymbolizer, CenteredTextSymbolizer, OffsetTextSymbolizer, CircleSymbolizer, GroupSymbolizer, TextPlacements, exp } = protomapsL;
const RELIEF_OPACITY = { light: 0.35, dark: 0.45 };

// class, width in pixels at zoom 9, 13 and 17, first zoom. Drawn from the least to the most important.
export const ROADS = [
  ["track", [0, 0.9, 2], 13],
  ["path", [0, 0.7, 1.6], 14],
  ["service", [0, 0.8, 5], 14],
  ["local", [0.6, 2, 8], 10],
  ["tertiary", [0.8, 2.6, 10], 9],
  ["secondary", [1.1, 3.4, 12], 8],
  ["primary", [1.5, 4.2, 13], 7],
  ["trunk", [1.9, 5, 14], 6],
  ["motorway", [2.2, 5.6, 15], 5],
];

const width = ([low, middle, high], extra = 0) => {
  const curve = exp(1.5, [[9, low], [13, middle], [17, high]]);
  return (zoom) => curve(zoom) + extra;
};

function paintRules(look) {
  const casings = [], fills = [], tunnels = [];
  for (const [code, widths, minzoom] of ROADS) {
    const [fill, casing] = look.roads[code];
    const rule = { dataLayer: "roads", minzoom, filter: (_, { props }) => props.class === code && !props.tunnel };
    tunnels.push({ ...rule, filter: (_, { props }) => props.class === code && props.tunnel, symbolizer: new LineSymbolizer({ color: casing || fill, width: width(widths), dash: [5, 4], opacity: 0.7 }) });
    if (casing) casings.push({ ...rule, symbolizer: new LineSymbolizer({ color: casing, width: width(widths, 1.4) }) });
    const dash = casing ? {} : { dash: code === "path" ? [2, 3] : [6, 3] };
    fills.push({ ...rule, symbolizer: new LineSymbolizer({ color: fill, width: width(widths), ...dash }) });
  }
  const bridges = {
    dataLayer: "roads", minzoom: 13, filter: (_, feature) => feature.props.bridge === true,
    symbolizer: new LineSymbolizer({ color: look.bridge, width: width([1, 6, 18]) }),
  };
  return [
    { dataLayer: "woods", symbolizer: new PolygonSymbolizer({ fill: look.woods, opacity: 0.7 }) },
    { dataLayer: "water", symbolizer: new PolygonSymbolizer({ fill: look.water }) },
    {
      dataLayer: "waterways", filter: (_, feature) => feature.props.class === "river",
      symbolizer: new LineSymbolizer({ color: look.river, width: exp(1.5, [[8, 0.8], [13, 2.6], [17, 8]]) }),
    },
    {
      dataLayer: "waterways", minzoom: 11, filter: (_, feature) => feature.props.class !== "river",
      symbolizer: new LineSymbolizer({ color: look.stream, width: exp(1.5, [[11, 0.5], [14, 1.3], [17, 3]]) }),
    },
    {
      dataLayer: "boundaries", filter: (_, feature) => feature.props.level === "township",
      symbolizer: new LineSymbolizer({ color: look.township, width: 1.2, dash: [7, 3, 1.5, 3], opacity: 0.9 }),
    },
    ...tunnels, ...casings, bridges, ...fills,
    {
      dataLayer: "boundaries", filter: (_, feature) => feature.props.level === "county",
      symbolizer: new LineSymbolizer({ color: look.county, width: 2.4, dash: [12, 4, 2, 4], opacity: 0.85 }),
    },
  ];
}

function labelRules(names, look, scale) {
  const halo = { stroke: look.halo, width: 2.4 };
  const text = (size, fill, weight = 400) => ({ labelProps: names, fill, font: `${weight} ${Math.round(size * scale)}px ${FONT}`, ...halo });
  // below its point, where a symbol may stand
  const below = (style, distance) => new OffsetTextSymbolizer({ ...style, offsetY: distance, placements: [TextPlacements.S] });
  return [
    {
      dataLayer: "places", minzoom: 8, filter: (_, f) => f.props.class === "county",
      symbolizer: new CenteredTextSymbolizer(text(18, look.countyName, 700)), maxzoom: 10,
    },
    {
      dataLayer: "places", minzoom: 9, filter: (_, f) => f.props.class === "township",
      symbolizer: below(text(14, look.townshipName, 600), 12),
    },
    {
      dataLayer: "places", minzoom: 12, filter: (_, f) => f.props.class === "village",
      symbolizer: new GroupSymbolizer([
        new CircleSymbolizer({ radius: 2.2, fill: look.dot, stroke: look.halo, width: 1 }),
        below(text(12, look.villageName), 8),
      ]),
    },
    {
      dataLayer: "places", minzoom: 14, filter: (_, f) => f.props.class === "hamlet",
      symbolizer: new CenteredTextSymbolizer(text(11, look.hamletName)),
    },
    {
      dataLayer: "roads", minzoom: 12, filter: (_, f) => ["motorway", "trunk", "primary", "secondary", "tertiary"].includes(f.props.class),
      symbolizer: new LineLabelSymbolizer({ ...text(11, look.roadName), labelProps: ["ref", "name"] }),
    },
    {
      dataLayer: "waterways", minzoom: 11,
      symbolizer: new LineLabelSymbolizer(text(11, look.waterName)),
    },
  ];
}

/**
 * Put the base map under everything else, and its names above the symbols of places, which would cover them.
 * `names` lists the properties to label from, the first one present wins. Returns the layer of names.
 */
export function addBase(map, names, url = "/api/v1/tiles/{z}/{x}/{y}.mvt") {
  const tiles = { url, maxDataZoom: 14 };
  const base = protomapsL.leafletLayer({ ...tiles, paintRules: paintRules(palette()) });
  // between two whole zooms the browser shrinks the tiles of the next one, and the words in them
  const shrunk = () => Math.max(1, 2 ** (Math.round(map.getZoom()) - map.getZoom()));
  let scale = shrunk();
  const labels = protomapsL.leafletLayer({ ...tiles, pane: "labels", labelRules: labelRules(names, palette(), scale) });
  labels.views = base.views; // one cache: each tile is fetched and read once
  base.addTo(map);
  labels.addTo(map);
  const nameAgain = () => {
    labels.labelRules = labelRules(names, palette(), scale);
    labels.clearLayout();
    labels.rerenderTiles();
  };
  map.on("zoomend", () => {
    if (shrunk() === scale) return;
    scale = shrunk();
    nameAgain();
  });
  onTheme(() => {
    base.paintRules = paintRules(palette());
    base.rerenderTiles();
    nameAgain();
  });
  return labels;
}

/** Where the names of the base map stand on the screen: [left, top, right, bottom] each. */
export function nameBoxes(map, labels) {
  const zoom = Math.round(map.getZoom()), scale = 2 ** (zoom - map.getZoom());
  const { min, max } = map.getPixelBounds();
  const index = labels.labelers?.getIndex(zoom);
  const found = index ? [...index.searchBbox({ minX: min.x * scale, minY: min.y * scale, maxX: max.x * scale, maxY: max.y * scale }, Infinity)] : [];
  return found.flatMap(({ bboxes }) => bboxes.map((box) =>
    [box.minX / scale - min.x, box.minY / scale - min.y, box.maxX / scale - min.x, box.maxY / scale - min.y]));
}

/** Hill shading under the vector layer, which has no ground of its own: the map's ground shows through both. */
export function makeRelief({ bounds: [west, south, east, north], zooms: [first, last] }) {
  const opacity = () => RELIEF_OPACITY[theme()];
  const relief = L.tileLayer("/api/v1/relief/{z}/{x}/{y}.png", {
    pane: "relief", bounds: [[south, west], [north, east]], minZoom: first, maxNativeZoom: last, maxZoom: 22, opacity: opacity(),
  });
  onTheme(() => relief.setOpacity(opacity()));
  return relief;
}

/**
 * An online map over the built-in one, which shows wherever a tile does not arrive. The built-in names give way to its own.
 * `parts` are the pictures that lie upon each other, the ground first.
 */
export function makeOnline(parts, labels) {
  const online = L.layerGroup(parts.map((part) =>
    L.tileLayer(`/api/v1/online/${part}/{z}/{x}/{y}`, { pane: "online", maxNativeZoom: 18, maxZoom: 22 })));
  const [ground] = online.getLayers();
  ground.on("tileload", () => labels.getContainer()?.classList.add("given-way"));
  ground.on("tileerror remove", () => labels.getContainer()?.classList.remove("given-way"));
  return online;
}
