// The park's clock as the server tells it, carried on between its messages. The server's clock may be virtual and run
// fast (PARK_CLOCK), so the page learns its speed and never asks this machine what time it is.
const LEARN_MS = 4000; // two messages closer than this say more about the network than about the speed
const NEAR_REAL = 0.05; // a measured speed this close to 1 is 1: the rest is jitter

let anchor = null; // {server, local}: what the server said, and when it was heard, both in ms
let first = null;
let speed = 1;

/** Takes in the server's `now` (ISO 8601). */
export function hear(iso, local = performance.now()) {
  const server = Date.parse(iso);
  if (Number.isNaN(server)) return;
  first ??= { server, local };
  const passed = local - first.local;
  if (passed >= LEARN_MS) {
    const measured = (server - first.server) / passed;
    speed = Math.abs(measured - 1) < NEAR_REAL || measured <= 0 ? 1 : measured;
    // A clock that was set, or a machine that slept, must not be averaged over the whole session.
    if (passed > 12 * LEARN_MS) first = anchor;
  }
  anchor = { server, local };
}

/** Forgets the speed: after a reconnection the server may be another one. */
export function restart() {
  first = null;
}

/** Park seconds in a second of this machine. */
export const clockSpeed = () => speed;

/** Park time in ms since the epoch; null before the server has been heard. */
export function parkNow(local = performance.now()) {
  return anchor && anchor.server + (local - anchor.local) * speed;
}
