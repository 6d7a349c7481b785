// How far this phone's clock is from the park's, measured by asking, so that a tap counts when it was made.
import { clockSpeed, hear } from "../clock.js";
import { API } from "../follow.js";

const KEY = "field-offset";
const AGAIN_MS = 120000;
const SAMPLES = 3;

function kept() {
  try {
    return JSON.parse(localStorage.getItem(KEY));
  } catch {
    return null;
  }
}

/** {offset_s: server less phone, device: ms by this phone when it was measured}; null before it ever was. */
let last = kept();

async function sample() {
  const sent = Date.now();
  const began = performance.now();
  const answer = await fetch(`${API}/time`, { headers: { Accept: "application/json" }, cache: "no-store", signal: AbortSignal.timeout(5000) });
  const trip = performance.now() - began;
  if (!answer.ok) throw new Error(answer.statusText);
  const { now } = await answer.json();
  hear(now, began + trip / 2);
  return { offset_s: (Date.parse(now) - (sent + trip / 2)) / 1000, device: sent + trip / 2, trip };
}

/** Asks a few times and keeps the answer that was quickest: it is off by half its way at most. */
export async function measure() {
  try {
    let best = null;
    for (let n = 0; n < SAMPLES; n += 1) {
      const found = await sample();
      if (!best || found.trip < best.trip) best = found;
    }
    last = best;
    localStorage.setItem(KEY, JSON.stringify(best));
  } catch {
    // no signal, or a browser that keeps nothing: the last measurement holds
  }
}

/** What a tap at this instant says of its time: by the phone's clock, and how far that is off. */
export function stampOf(device = Date.now()) {
  // Under a clock that runs fast the offset grows by itself.
  const drift = last ? ((device - last.device) / 1000) * (clockSpeed() - 1) : 0;
  return { device_time: new Date(device).toISOString(), offset_s: last ? Math.round((last.offset_s + drift) * 1000) / 1000 : 0 };
}

/** Measures now, now and then, and whenever the phone has a network again. */
export function keepOffset() {
  setInterval(measure, AGAIN_MS);
  addEventListener("online", measure);
  return measure();
}
