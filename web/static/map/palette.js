// Colours of what is drawn on canvas, by day and by night: the same signs on a light and on a dark ground.

import { theme } from "../theme.js";

const LIGHT = {
  halo: "#ffffff", woods: "#d5e5c8", water: "#a9cfe6", river: "#8fbfdd", stream: "#9cc8e2", township: "#8c7a9e", county: "#6a4c93",
  bridge: "#5d6470", dot: "#5a6470", fill: "#ffffff",
  countyName: "#2b2340", townshipName: "#3c2f57", villageName: "#39434e", hamletName: "#5f6972", roadName: "#6b4f17", waterName: "#2f6f96",
  // class: fill, casing
  roads: {
    track: ["#b79f7c"], path: ["#b9a48a"], service: ["#ffffff", "#cfcabf"], local: ["#ffffff", "#aca390"], tertiary: ["#ffffff", "#b3aa97"],
    secondary: ["#fdf3c4", "#b8a053"], primary: ["#fbe08d", "#b58a2c"], trunk: ["#f8c471", "#b0701f"], motorway: ["#f0a05a", "#a55516"],
  },
};
const DARK = {
  halo: "#10171e", woods: "#1f3329", water: "#163a56", river: "#2f6488", stream: "#2a5877", township: "#8573a3", county: "#a98bd6",
  bridge: "#8b97a3", dot: "#9aa7b4", fill: "#18212b",
  countyName: "#e2d9f5", townshipName: "#d3c6ec", villageName: "#c3ced9", hamletName: "#96a3b0", roadName: "#e0c98f", waterName: "#7fb9de",
  roads: {
    track: ["#7d6b4f"], path: ["#75664f"], service: ["#3d4954", "#11181f"], local: ["#56636f", "#11181f"], tertiary: ["#6d7a86", "#0f151b"],
    secondary: ["#8f8654", "#0f151b"], primary: ["#a88f3f", "#0f151b"], trunk: ["#b57f35", "#0f151b"], motorway: ["#c06f34", "#0f151b"],
  },
};

/** The colours in use now. */
export const palette = () => (theme() === "dark" ? DARK : LIGHT);

/** A colour of a layer, lightened until it stands out from a dark ground. */
export function onGround(colour) {
  const [red, green, blue] = [1, 3, 5].map((at) => parseInt(colour.slice(at, at + 2), 16));
  const luminance = (0.2126 * red + 0.7152 * green + 0.0722 * blue) / 255;
  if (theme() !== "dark" || !(luminance < 0.42)) return colour;
  const share = (0.5 - luminance) * 0.9;
  return `rgb(${[red, green, blue].map((part) => Math.round(part + (255 - part) * share)).join(" ")})`;
}

/** Call `draw` whenever the colours change. */
export const onTheme = (draw) => window.addEventListener("muster:theme", draw);
