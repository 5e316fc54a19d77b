// One connection to the journal's stream, kept alive by whatever means: it says what happened, and how fresh that is.
// Runs in a SharedWorker (worker.js) for all tabs of a browser, or in the page itself where there is none.

const SILENT_MS = 12_000; // the server says every five seconds that it lives
const WATCH_MS = 3_000;
const BACKOFF_MS = [500, 1000, 2000, 4000, 8000];
const SIGNED_OUT_MS = 20_000; // somebody may sign in again in another tab

/** `tell(message)` hears {act}, {position} and {state, heard}; state is live, reconnecting, deaf or ended. */
export class Stream {
  #tell; #source; #last; #failures = 0; #timer; #watch; #heard; #state = "reconnecting";

  /** `since`: the journal number that the page was made at; what came after it is told. */
  constructor(tell, since, heard) {
    this.#tell = tell;
    this.#last = since;
    this.#heard = heard; // when the page was made: its data is no older
    this.#watch = setInterval(() => this.#check(), WATCH_MS);
    this.#open();
  }

  get last() { return this.#last; }
  get status() { return { state: this.#state, heard: this.#heard }; }

  close() {
    clearInterval(this.#watch);
    clearTimeout(this.#timer);
    this.#source?.close();
  }

  /** Try now: a page was opened or came back, or the network did. */
  hurry() {
    if (this.#state !== "live") this.#open();
  }

  #open() {
    clearTimeout(this.#timer);
    this.#source?.close();
    const source = this.#source = new EventSource(`/api/v1/events${this.#last === null ? "" : `?since=${this.#last}`}`);
    source.addEventListener("act", ({ data, lastEventId }) => {
      this.#last = Number(lastEventId);
      this.#tell({ act: JSON.parse(data) });
    });
    source.addEventListener("position", ({ data }) => this.#tell({ position: JSON.parse(data) }));
    source.addEventListener("beat", ({ data, lastEventId }) => this.#beat(JSON.parse(data), Number(lastEventId)));
    source.addEventListener("error", () => {
      if (source !== this.#source) return;
      this.#say("reconnecting");
      if (source.readyState === EventSource.CLOSED) this.#refused(); // else the browser reconnects by itself
    });
  }

  #beat({ hearing }, number) {
    this.#failures = 0;
    // The store was put back to an earlier moment: everything shown may be wrong, and numbers start again from there.
    if (this.#last !== null && number < this.#last) this.#tell({ act: { number, act: "journal.restored" } });
    this.#last = number;
    if (hearing) this.#heard = Date.now();
    this.#say(hearing ? "live" : "deaf", true);
  }

  /** The server answered with something other than a stream: signed out, or not able to. */
  async #refused() {
    const again = (after) => { clearTimeout(this.#timer); this.#timer = setTimeout(() => this.#open(), after); };
    const wait = BACKOFF_MS[Math.min(this.#failures++, BACKOFF_MS.length - 1)] * (0.75 + Math.random() / 2);
    again(wait);
    try {
      const { status } = await fetch("/api/v1/session");
      if (status !== 401) return;
      this.#say("ended");
      again(SIGNED_OUT_MS);
    } catch { /* no server: the timer runs */ }
  }

  #check() {
    if (this.#state !== "live" || Date.now() - this.#heard < SILENT_MS) return;
    this.#say("reconnecting"); // connected in name only: a cable pulled, a laptop that slept
    this.#open();
  }

  #say(state, always = false) {
    if (state === this.#state && !always) return;
    this.#state = state;
    this.#tell({ ...this.status });
  }
}
