// Clocks on a page: elements with data-until count down and then up, elements with data-since say how long ago.
// Each carries the server's time of writing (data-now), so that a desk whose clock is wrong still counts right.

const offsets = new WeakMap();
const rang = new WeakSet();
const SOUND = "muster-sound";
const english = document.documentElement.lang === "en";

/** Milliseconds as people read a clock: 4:05, 1:02:05; whole minutes or hours where `coarse`. */
function written(ms, coarse) {
  const seconds = Math.floor(ms / 1000);
  const [hours, minutes] = [Math.floor(seconds / 3600), Math.floor(seconds / 60) % 60];
  if (coarse) {
    if (!hours) return english ? `${minutes} min` : `${minutes} 分钟`;
    return english ? `${hours} h ${String(minutes).padStart(2, "0")} min` : `${hours} 小时 ${String(minutes).padStart(2, "0")} 分`;
  }
  const rest = [minutes, seconds % 60].map((part, at) => (at || hours ? String(part).padStart(2, "0") : String(part)));
  return hours ? `${hours}:${rest.join(":")}` : rest.join(":");
}

function offset(element) {
  if (!offsets.has(element)) offsets.set(element, Date.parse(element.dataset.now) - Date.now());
  return offsets.get(element);
}

/** Bring every clock of the page up to date. */
export function tick() {
  for (const element of document.querySelectorAll("[data-until], [data-since]")) {
    const { until, since, left, over } = element.dataset;
    const ms = until ? Date.parse(until) - Date.now() - offset(element) : Date.now() + offset(element) - Date.parse(since);
    const text = (ms >= 0 || since ? left : over).replace("{t}", written(Math.abs(ms), Boolean(since)));
    if (element.textContent !== text) element.textContent = text;
    if (!until) continue;
    element.classList.toggle("over", ms < 0);
    element.classList.toggle("soon", ms >= 0 && ms < 60000);
    if (element.dataset.alarm !== undefined && ms < 0 && ms > -5000 && !rang.has(element)) {
      rang.add(element);
      ring();
    }
  }
}

// -- a sound when a clock runs out, for whoever asked for it --------------------------------------------------------------

const wanted = () => localStorage.getItem(SOUND) === "on";

function ring() {
  if (!wanted()) return;
  const audio = new AudioContext();
  for (const [at, pitch] of [[0, 880], [0.25, 660], [0.5, 880]]) {
    const tone = audio.createOscillator();
    const volume = audio.createGain();
    tone.frequency.value = pitch;
    volume.gain.value = 0.2;
    tone.connect(volume).connect(audio.destination);
    tone.start(audio.currentTime + at);
    tone.stop(audio.currentTime + at + 0.2);
  }
  setTimeout(() => audio.close(), 1500);
}

function switches() {
  for (const box of document.querySelectorAll("[data-sound]")) box.checked = wanted();
}

document.addEventListener("change", ({ target }) => {
  if (target.dataset?.sound === undefined) return;
  localStorage.setItem(SOUND, target.checked ? "on" : "off");
  ring();
});
document.addEventListener("htmx:afterSettle", switches);
switches();
setInterval(tick, 1000);
