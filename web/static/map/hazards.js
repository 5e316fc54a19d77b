// Danger areas that people have drawn. Only the sign answers the pointer: what lies in an area can still be clicked.
/* global L */

import { textElement } from "./layers.js";

const COLOUR = "#b45309";

function look({ starts_at: from }) {
  const later = from && new Date(from) > new Date();
  return { pane: "zones", color: COLOUR, weight: 2, dashArray: later ? "2 7" : "9 4", fillColor: COLOUR, fillOpacity: later ? 0.05 : 0.14 };
}

/** Draw them; `text` says of one what it is, `open` shows its page. */
export function drawHazards(target, collection, text, open) {
  target.clearLayers();
  target.addLayer(L.geoJSON(collection, {
    style: ({ properties }) => look(properties),
    interactive: false,
    onEachFeature: ({ properties }, area) => {
      const icon = L.divIcon({ html: textElement("div", "⚠", "danger-sign"), className: "", iconSize: [24, 24] });
      const sign = L.marker(area.getBounds().getCenter(), { pane: "closures", icon, alt: properties.reason });
      sign.bindTooltip(() => textElement("span", text(properties)));
      sign.on("click", (event) => { L.DomEvent.stop(event); open(`/closures?hazard=${properties.id}`); });
      target.addLayer(sign);
    },
  }));
}
