// What belongs together lights up together: pointing at (or focusing) anything with data-units marks every other element
// of those units, and tells the map by the event `muster:highlight` {units: ["team 12", …]}; the map answers the same way.

let lit = [];

/** Mark the elements of these units; with `tell` the map hears of it too. */
export function highlight(units, { tell = true } = {}) {
  if (units.join() === lit.join()) return;
  lit = units;
  for (const element of document.querySelectorAll("[data-units]")) {
    const its = element.dataset.units.split(",");
    element.classList.toggle("lit", units.length > 0 && units.some((unit) => its.includes(unit)));
  }
  if (tell) window.dispatchEvent(new CustomEvent("muster:highlight", { detail: { units, from: "panel" } }));
}

const unitsOf = (target) => target.closest?.("[data-units]")?.dataset.units.split(",") ?? [];

document.addEventListener("pointerover", ({ target }) => highlight(unitsOf(target)));
document.addEventListener("focusin", ({ target }) => highlight(unitsOf(target)));
window.addEventListener("muster:highlight", ({ detail }) => {
  if (detail.from === "panel") return;
  highlight(detail.units, { tell: false });
  const card = detail.units.length ? document.querySelector("article.lit") : null;
  card?.scrollIntoView({ block: "nearest" });
});
