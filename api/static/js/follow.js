// What every screen begins with: which park is meant, and its live stream, from the public API alone.
import { hear, restart } from "./clock.js";
import { ASKED_PARK } from "./config.js";
import { openStream } from "./live.js";
import { checkBuild, checkNight } from "./reload.js";
import { applySnapshot, applyTile, database, stream, streamAge, tick } from "./store.js";
import { setZone } from "./time.js";

export const API = "/api/v1";
const RETRY_MS = 5000;
let live = null;

/** Nobody is signed in any more: to the sign-in, and back here. A wall's token that was revoked leads there too. */
export function signedOut() {
  location.replace(`/sign-in?next=${encodeURIComponent(location.pathname + location.search + location.hash)}`);
}

/** A stream ends with the session that it stands on, and an EventSource does not say why it was refused. */
async function leaveIfSignedOut() {
  const answer = await fetch(`${API}/session`, { headers: { Accept: "application/json" } }).catch(() => null);
  if (answer?.status === 401) signedOut();
}

/** The JSON at a path of the API; asks again, for ever, until it is there. */
export async function ask(path) {
  for (;;) {
    try {
      const answer = await fetch(API + path, { headers: { Accept: "application/json" } });
      if (answer.ok) return await answer.json();
      // What the server knows it does not have will not come by asking again.
      if (answer.status === 404) return null;
      if (answer.status === 401) signedOut();
    } catch {
      // no server: the screen says so by itself
    }
    if (stream.value === "opening") stream.value = "lost";
    await new Promise((resolve) => setTimeout(resolve, RETRY_MS * (0.5 + Math.random() / 2)));
  }
}
export const items = (answer) => (Array.isArray(answer) ? answer : (answer?.items ?? []));

/** The park asked for, else the first; null where there is none, and then the screen says so. */
export async function findPark() {
  const park = ASKED_PARK || items(await ask("/parks"))[0]?.park_id;
  if (!park) stream.value = "none";
  return park ?? null;
}

/**
 * Takes in a park's stream for ever; `on` may have snapshot() and tile(name), called after each was taken in,
 * and order(data) and request(data): which of them changed. staysOpen: the page says by itself that nobody is signed in.
 */
export function follow(park, on = {}) {
  const heard = () => {
    stream.value = "live";
    streamAge.value = 0;
  };
  live = openStream(`${API}/live?park=${encodeURIComponent(park)}`, {
    snapshot(snapshot) {
      hear(snapshot.now);
      const about = snapshot.tiles?.park?.data;
      if (about?.time_zone) setZone(about.time_zone);
      applySnapshot(snapshot);
      heard();
      tick.value += 1; // clocks and ages need not wait for the next second
      checkBuild(snapshot.build);
      on.snapshot?.();
    },
    tile(tile) {
      applyTile(tile);
      heard();
      on.tile?.(tile.name);
    },
    heartbeat(beat) {
      hear(beat.now);
      database.value = beat.database ?? "ok";
      heard();
    },
    ...Object.fromEntries(["order", "request"].filter((kind) => on[kind]).map((kind) => [kind, (changed) => {
      heard();
      on[kind](changed);
    }])),
    lost() {
      stream.value = "lost";
      restart();
      if (!on.staysOpen) leaveIfSignedOut();
    },
  });
}

/** Ages move on by themselves, and a page reloads itself at night. */
export function keepTime() {
  setInterval(() => {
    streamAge.value = live?.age() ?? streamAge.value;
    tick.value += 1;
    checkNight();
  }, 1000);
}
