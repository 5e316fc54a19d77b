// One stream of the journal for this page. An event says that something changed, never what it contains: readers ask again.

/** Call `changed(event)` after each act, and `live(true | false)` when the stream stands or falls. */
export function listen(changed, live) {
  const source = new EventSource("/api/v1/events");
  source.addEventListener("open", () => live(true));
  source.addEventListener("error", () => live(false));
  source.addEventListener("act", (message) => changed(JSON.parse(message.data)));
  window.addEventListener("pagehide", () => source.close());
  return source;
}
