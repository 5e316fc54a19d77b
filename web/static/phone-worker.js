// Keeps the last order page, its scripts and the tiles that were seen, so that the page opens without a network.
// Served at /o/worker.js: it sees the pages of order links and nothing else.

const CACHE = "muster order 1";
const FIRST = ["/static/theme.css", "/static/base.css", "/static/phone.css", "/static/phone.js", "/static/phone-share.js", "/static/icon.svg"];
const PAGE_MS = 6_000; // a line that takes longer is no line
const MOST_TILES = 250;

const isTile = (path) => /^\/api\/v1\/order-links\/[^/]+\/tiles\//.test(path);
const isPage = (path) => path.startsWith("/o/") && path !== "/o/worker.js";

self.addEventListener("install", (event) => {
  event.waitUntil(caches.open(CACHE).then((cache) => cache.addAll(FIRST)).then(() => self.skipWaiting()));
});
self.addEventListener("activate", (event) => {
  event.waitUntil((async () => {
    for (const name of await caches.keys()) if (name !== CACHE) await caches.delete(name);
    await self.clients.claim();
  })());
});

/** The page from the network; from the telephone where no answer comes in time. A link that has ended leaves nothing behind. */
async function page(request, path) {
  const cache = await caches.open(CACHE);
  const asked = fetch(request, { signal: AbortSignal.timeout(request.headers.get("X-Refresh") ? 60_000 : PAGE_MS) });
  let answer;
  try {
    answer = await asked;
  } catch (error) {
    const held = request.headers.get("X-Refresh") ? undefined : await cache.match(path);
    if (held) return held;
    throw error;
  }
  if (answer.ok) await cache.put(path, answer.clone());
  else if (answer.status === 401) for (const held of await cache.keys()) if (isPage(new URL(held.url).pathname) && new URL(held.url).pathname === path) await cache.delete(held);
  return answer;
}

/** What we have at once, and the newer one for the next time. */
async function script(request) {
  const cache = await caches.open(CACHE);
  const held = await cache.match(request);
  const newer = fetch(request).then(async (answer) => {
    if (answer.ok) await cache.put(request, answer.clone());
    return answer;
  });
  if (!held) return newer;
  newer.catch(() => {});
  return held;
}

async function tile(request) {
  const cache = await caches.open(CACHE);
  const held = await cache.match(request);
  if (held) return held;
  const answer = await fetch(request);
  if (answer.ok) {
    await cache.put(request, answer.clone());
    const tiles = (await cache.keys()).filter(({ url }) => isTile(new URL(url).pathname));
    for (const old of tiles.slice(0, Math.max(0, tiles.length - MOST_TILES))) await cache.delete(old);
  }
  return answer;
}

self.addEventListener("fetch", (event) => {
  const { request } = event;
  const { origin, pathname } = new URL(request.url);
  if (request.method !== "GET" || origin !== self.location.origin) return;
  if (isPage(pathname)) event.respondWith(page(request, pathname));
  else if (pathname.startsWith("/static/")) event.respondWith(script(request));
  else if (isTile(pathname)) event.respondWith(tile(request));
});
