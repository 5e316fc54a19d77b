// The ways of a plan and the cards beside the map light up together: pointing at one shows the other.

const unit = ({ properties: { kind, id } }) => `${kind}-${id}`;
let linked = null;

function tell(units) {
  window.dispatchEvent(new CustomEvent("muster:highlight", { detail: { units, from: "map" } }));
}

/** Link the drawn ways of a plan with whatever else stands for its units; `style` is how a way usually looks. */
export function linkWays(drawn, style) {
  linked = { drawn, style };
  drawn.on("mouseover", ({ layer }) => tell([unit(layer.feature)]));
  drawn.on("mouseout", () => tell([]));
}

window.addEventListener("muster:highlight", ({ detail: { units } }) => {
  linked?.drawn.eachLayer((way) => {
    const usual = linked.style(way.feature);
    const on = units.includes(unit(way.feature));
    way.setStyle(units.length ? { ...usual, weight: usual.weight + (on ? 3 : 0), opacity: on ? 1 : 0.2 } : usual);
    if (on && way._map) way.bringToFront();
  });
});
