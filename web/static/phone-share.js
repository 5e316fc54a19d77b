// Where the team is, shared while it is under way and only after the button was pressed. Fixes wait in the telephone until
// the server has taken them; the same fix sent twice is stored once there.

const EVERY_MS = 20_000, EVERY_M = 60, SEND_MS = 15_000, MOST = 400, BATCH = 200;

const metres = ([a, b], [c, d]) => Math.hypot((a - c) * 111_320 * Math.cos((b * Math.PI) / 180), (b - d) * 111_320);

/** Set up sharing in `box`; null where the order has nobody under way. */
export function share(box, { said, key, post }) {
  if (!box) return null;
  const button = box.querySelector("button"), status = box.querySelector("p");
  const clock = new Intl.DateTimeFormat(document.documentElement.lang, { hour: "2-digit", minute: "2-digit", hour12: false });
  let stored = { on: false, fixes: [] };
  try {
    stored = { ...stored, ...JSON.parse(localStorage.getItem(key) || "{}") };
  } catch { /* nothing stored */ }
  let watch = null, sending = false, last = null, told = "";
  box.hidden = false;

  function save() {
    try {
      localStorage.setItem(key, JSON.stringify(stored));
    } catch { /* kept in memory */ }
  }

  function show(text = told) {
    told = text;
    button.textContent = stored.on ? said.unshare : said.share;
    button.setAttribute("aria-pressed", String(stored.on));
    status.textContent = text;
  }

  function took({ coords, timestamp }) {
    const fix = { at: new Date(timestamp).toISOString(), position: [coords.longitude, coords.latitude], accuracy_m: Math.round(coords.accuracy) };
    const near = last && metres(last.position, fix.position) < EVERY_M && new Date(fix.at) - new Date(last.at) < EVERY_MS;
    if (near || last?.at === fix.at) return;
    last = fix;
    stored.fixes.push(fix);
    // too many to keep: every other one of the older half still shows the way
    if (stored.fixes.length > MOST) stored.fixes = stored.fixes.filter((_, i) => i > MOST / 2 || i % 2 === 0);
    save();
    send();
  }

  async function send() {
    if (sending || !stored.fixes.length) return;
    sending = true;
    const batch = stored.fixes.slice(0, BATCH);
    const answer = await post("positions", { fixes: batch });
    sending = false;
    if (answer === null) {
      show(said.waiting.replace("{0}", stored.fixes.length));
      return;
    }
    const taken = new Set(batch); // by itself: meanwhile others came, and some may have been thinned out
    stored.fixes = stored.fixes.filter((fix) => !taken.has(fix));
    save();
    if (answer.ok && answer.body.goes_on) show(said.shared.replace("{0}", clock.format(new Date())));
    else stop();
    if (stored.fixes.length) send();
  }

  function start() {
    stored.on = true;
    save();
    show(said.searching);
    watch ??= navigator.geolocation.watchPosition(took, ({ code }) => {
      if (code !== 1) return; // no sky for the moment: it goes on trying
      stop();
      show(said.denied);
    }, { enableHighAccuracy: true, maximumAge: 5_000 });
  }

  function pause() {
    if (watch !== null) navigator.geolocation.clearWatch(watch);
    watch = null;
    stored.on = false;
    save();
    show("");
  }

  /** The order is over for this unit: nothing more is shared, nothing is left in the telephone. */
  function stop() {
    pause();
    stored.fixes = [];
    try {
      localStorage.removeItem(key);
    } catch { /* nothing was stored */ }
  }

  button.addEventListener("click", () => (stored.on ? pause() : start()));
  if (!window.isSecureContext || !navigator.geolocation) {
    button.hidden = true;
    show(said.insecure);
    return null;
  }
  show();
  if (stored.on) start();
  setInterval(send, SEND_MS);
  window.addEventListener("online", send);

  return {
    stop,
    /** Go on while the page still offers sharing; else send what waits, stop, and take the button away. */
    async follow(offered) {
      if (offered || box.hidden) return;
      await send();
      stop();
      button.hidden = true;
      show(said.arrived);
    },
  };
}
