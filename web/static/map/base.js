// The base map: how roads, water, woods and places of /api/v1/tiles are painted and named.
/* global protomapsL */

const FONT = '"Noto Sans CJK SC", "PingFang SC", "Microsoft YaHei", sans-serif';
const { PolygonSymbolizer, LineSymbolizer, LineLabelSymbolizer, CenteredTextSymbolizer, OffsetTextSymbolizer, CircleSymbolizer, GroupSymbolizer, TextPlacements, exp } = protomapsL;

// class: fill, casing, width in pixels at zoom 9, 13 and 17, first zoom. Drawn from the least to the most important.
export const ROADS = [
  ["track", "#b79f7c", null, [0, 0.9, 2], 13],
  ["path", "#b9a48a", null, [0, 0.7, 1.6], 14],
  ["service", "#ffffff", "#cfcabf", [0, 0.8, 5], 14],
  ["local", "#ffffff", "#aca390", [0.6, 2, 8], 10],
  ["tertiary", "#ffffff", "#b3aa97", [0.8, 2.6, 10], 9],
  ["secondary", "#fdf3c4", "#b8a053", [1.1, 3.4, 12], 8],
  ["primary", "#fbe08d", "#b58a2c", [1.5, 4.2, 13], 7],
  ["trunk", "#f8c471", "#b0701f", [1.9, 5, 14], 6],
  ["motorway", "#f0a05a", "#a55516", [2.2, 5.6, 15], 5],
];

const width = ([low, middle, high], extra = 0) => {
  const curve = exp(1.5, [[9, low], [13, middle], [17, high]]);
  return (zoom) => curve(zoom) + extra;
};
const ofClass = (code) => (_, feature) => feature.props.class === code;

function paintRules() {
  const casings = [], fills = [];
  for (const [code, fill, casing, widths, minzoom] of ROADS) {
    const rule = { dataLayer: "roads", minzoom, filter: ofClass(code) };
    if (casing) casings.push({ ...rule, symbolizer: new LineSymbolizer({ color: casing, width: width(widths, 1.4) }) });
    const dash = casing ? {} : { dash: code === "path" ? [2, 3] : [6, 3] };
    fills.push({ ...rule, symbolizer: new LineSymbolizer({ color: fill, width: width(widths), ...dash }) });
  }
  const bridges = {
    dataLayer: "roads", minzoom: 13, filter: (_, feature) => feature.props.bridge === true,
    symbolizer: new LineSymbolizer({ color: "#5d6470", width: width([1, 6, 18]) }),
  };
  return [
    { dataLayer: "woods", symbolizer: new PolygonSymbolizer({ fill: "#d5e5c8", opacity: 0.85 }) },
    { dataLayer: "water", symbolizer: new PolygonSymbolizer({ fill: "#a9cfe6" }) },
    {
      dataLayer: "waterways", filter: (_, feature) => feature.props.class === "river",
      symbolizer: new LineSymbolizer({ color: "#8fbfdd", width: exp(1.5, [[8, 0.8], [13, 2.6], [17, 8]]) }),
    },
    {
      dataLayer: "waterways", minzoom: 11, filter: (_, feature) => feature.props.class !== "river",
      symbolizer: new LineSymbolizer({ color: "#9cc8e2", width: exp(1.5, [[11, 0.5], [14, 1.3], [17, 3]]) }),
    },
    {
      dataLayer: "boundaries", filter: (_, feature) => feature.props.level === "township",
      symbolizer: new LineSymbolizer({ color: "#8c7a9e", width: 1.2, dash: [7, 3, 1.5, 3], opacity: 0.9 }),
    },
    ...casings, bridges, ...fills,
    {
      dataLayer: "boundaries", filter: (_, feature) => feature.props.level === "county",
      symbolizer: new LineSymbolizer({ color: "#6a4c93", width: 2.4, dash: [12, 4, 2, 4], opacity: 0.85 }),
    },
  ];
}

function labelRules(names) {
  const halo = { stroke: "#ffffff", width: 2.4 };
  const text = (size, fill, weight = 400) => ({ labelProps: names, fill, font: `${weight} ${size}px ${FONT}`, ...halo });
  // below its point, where a symbol may stand
  const below = (style, distance) => new OffsetTextSymbolizer({ ...style, offsetY: distance, placements: [TextPlacements.S] });
  return [
    {
      dataLayer: "places", minzoom: 8, filter: (_, f) => f.props.class === "county",
      symbolizer: new CenteredTextSymbolizer(text(18, "#2b2340", 700)), maxzoom: 10,
    },
    {
      dataLayer: "places", minzoom: 9, filter: (_, f) => f.props.class === "township",
      symbolizer: below(text(14, "#3c2f57", 600), 12),
    },
    {
      dataLayer: "places", minzoom: 12, filter: (_, f) => f.props.class === "village",
      symbolizer: new GroupSymbolizer([
        new CircleSymbolizer({ radius: 2.2, fill: "#5a6470", stroke: "#ffffff", width: 1 }),
        below(text(12, "#39434e"), 8),
      ]),
    },
    {
      dataLayer: "places", minzoom: 14, filter: (_, f) => f.props.class === "hamlet",
      symbolizer: new CenteredTextSymbolizer(text(11, "#5f6972")),
    },
    {
      dataLayer: "roads", minzoom: 12, filter: (_, f) => ["motorway", "trunk", "primary", "secondary", "tertiary"].includes(f.props.class),
      symbolizer: new LineLabelSymbolizer({ ...text(11, "#6b4f17"), labelProps: ["ref", "name"] }),
    },
    {
      dataLayer: "waterways", minzoom: 11,
      symbolizer: new LineLabelSymbolizer(text(11, "#2f6f96")),
    },
  ];
}

/**
 * Put the base map under everything else, and its names above the symbols of places, which would cover them.
 * `names` lists the properties to label from, the first one present wins.
 */
export function addBase(map, names) {
  const tiles = { url: "/api/v1/tiles/{z}/{x}/{y}.mvt", maxDataZoom: 14 };
  const base = protomapsL.leafletLayer({ ...tiles, backgroundColor: "#f4f2ec", paintRules: paintRules() });
  const labels = protomapsL.leafletLayer({ ...tiles, pane: "labels", labelRules: labelRules(names) });
  labels.views = base.views; // one cache: each tile is fetched and read once
  base.addTo(map);
  labels.addTo(map);
}
