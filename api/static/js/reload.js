// When a wall starts over by itself: on a new build, and once a night, because a browser that runs for months should not
// have to. It never leaves a picture for an error page: the new page must answer first.
import { BUILD } from "./config.js";
import { parkNow } from "./clock.js";
import { fields } from "./time.js";

const NIGHT = { hour: 3, minute: 30 };
const JITTER_MIN = 20;
const REMEMBERED = "reloaded-for-build";

let pending = false;

async function reload() {
  if (pending) return;
  pending = true;
  try {
    const answer = await fetch(location.href, { cache: "no-store" });
    if (answer.ok) return location.reload();
  } catch {
    // not there: try again
  }
  setTimeout(() => {
    pending = false;
    reload();
  }, 30000 + Math.random() * 60000);
}

/** Compares the server's build with the page's; reloads once for each new one, after a moment of its own. */
export function checkBuild(build) {
  if (!build || build === BUILD || sessionStorage.getItem(REMEMBERED) === build) return;
  sessionStorage.setItem(REMEMBERED, build); // two servers with different files must not make the wall spin
  setTimeout(reload, 500 + Math.random() * 5000);
}

/** Minutes of the park's day between the nightly reload and `now` (ms); the jitter is drawn once for each page. */
const jitter = Math.floor(Math.random() * JITTER_MIN);
const due = NIGHT.hour * 60 + NIGHT.minute + jitter;
let before = null;

/** To be called now and then: reloads when the park's clock passes 03:30 and a bit. */
export function checkNight() {
  const now = parkNow();
  if (now === null) return;
  const { hour, minute } = fields(now);
  const minutes = hour * 60 + minute;
  if (before !== null && before < due && minutes >= due) reload();
  before = minutes;
}
