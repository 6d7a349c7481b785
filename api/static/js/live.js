// The live stream and its watchdog. One HTTP 503 closes an EventSource for good, and a hung connection raises no error
// at all; so silence is what counts: after it, the stream is opened anew with the last event id, ever more patiently.
const KINDS = ["snapshot", "tile", "heartbeat", "order", "request"]; // those that a page does not ask for are not parsed
const SILENCE_MS = 12000; // two heartbeats of 5 s may be missed
const FIRST_DELAY_MS = 1000;
const LONGEST_DELAY_MS = 30000;

/**
 * Opens the stream at `url` and keeps it open. `on` has snapshot(data), tile(data), heartbeat(data), lost(), and
 * may have order(data) and request(data).
 * Returns {age(), close()}; age is the real seconds since anything was heard, null before the first.
 */
export function openStream(url, on, { silenceMs = SILENCE_MS } = {}) {
  let source = null;
  let lastId = "";
  let heard = null;
  let opened = 0;
  let attempts = 0;
  let retry = null;

  const receive = (kind) => (event) => {
    let data;
    try {
      data = JSON.parse(event.data);
    } catch {
      return; // half a message says nothing; the watchdog sees to the rest
    }
    heard = performance.now();
    attempts = 0;
    if (event.lastEventId) lastId = event.lastEventId;
    on[kind](data);
  };

  function connect() {
    retry = null;
    opened = performance.now();
    const join = url.includes("?") ? "&" : "?";
    source = new EventSource(lastId ? `${url}${join}last_event_id=${encodeURIComponent(lastId)}` : url);
    for (const kind of KINDS) if (on[kind]) source.addEventListener(kind, receive(kind));
    source.onerror = reopen;
  }

  function reopen() {
    if (retry !== null) return;
    source?.close();
    source = null;
    on.lost();
    const longest = Math.min(LONGEST_DELAY_MS, FIRST_DELAY_MS * 2 ** attempts);
    attempts += 1;
    retry = setTimeout(connect, longest * (0.5 + Math.random() / 2)); // a hundred walls must not come back at once
  }

  const watchdog = setInterval(() => {
    if (source && performance.now() - Math.max(heard ?? 0, opened) > silenceMs) reopen();
  }, 1000);

  connect();
  return {
    age: () => (heard === null ? null : (performance.now() - heard) / 1000),
    close() {
      clearInterval(watchdog);
      clearTimeout(retry);
      source?.close();
    },
  };
}
