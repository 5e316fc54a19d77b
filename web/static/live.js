// For pages without a map: tell htmx when the journal grew, so that sections with hx-trigger="act from:body" ask again.
/* global htmx */

import { listen } from "./events.js";

if (document.querySelector("[hx-trigger^='act']")) listen((act) => htmx.trigger(document.body, "act", act), () => {});
document.body.addEventListener("click", ({ target }) => {
  if (target.dataset?.copy) navigator.clipboard?.writeText(target.dataset.copy);
});
