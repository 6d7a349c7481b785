// Starts the wall: finds the park, opens the stream, draws. All figures come from the public API and live stream.
import { App } from "./app.js";
import { hear, restart } from "./clock.js";
import { ASKED_PARK } from "./config.js";
import { html, render } from "./html.js";
import { openStream } from "./live.js";
import { checkBuild, checkNight } from "./reload.js";
import { applySnapshot, applyTile, data, database, geometry, stream, streamAge, tick } from "./store.js";
import { setZone } from "./time.js";
import { name, t } from "./i18n/index.js";

const API = "/api/v1";
const RETRY_MS = 5000;
const SURVEY_MS = 60000;
let live = null;

/** The JSON at a path of the API; asks again, for ever, until it is there. */
async function ask(path) {
  for (;;) {
    try {
      const answer = await fetch(API + path, { headers: { Accept: "application/json" } });
      if (answer.ok) return await answer.json();
      // What the server knows it does not have will not come by asking again.
      if (answer.status === 404) return null;
    } catch {
      // no server: the wall says so by itself
    }
    if (stream.value === "opening") stream.value = "lost";
    await new Promise((resolve) => setTimeout(resolve, RETRY_MS * (0.5 + Math.random() / 2)));
  }
}
const items = (answer) => (Array.isArray(answer) ? answer : (answer?.items ?? []));

let fetched = -Infinity;
/** Fetches the park's spaces, at most once a minute. */
async function survey(park) {
  if (performance.now() - fetched < SURVEY_MS) return;
  fetched = performance.now();
  geometry.value = items(await ask(`/spaces?park=${encodeURIComponent(park)}`));
}

/** Whether the live tiles name a place that the map does not know yet: the park file was applied again. */
function unknownPlace() {
  const known = new Set((geometry.value ?? []).map((space) => space.space_id));
  return (data("spaces").buildings ?? []).some((building) => !known.has(building.space_id));
}

function follow(park) {
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
      title();
    },
    tile(tile) {
      applyTile(tile);
      heard();
      if (tile.name === "spaces" && geometry.value && unknownPlace()) survey(park);
    },
    heartbeat(beat) {
      hear(beat.now);
      database.value = beat.database ?? "ok";
      heard();
    },
    lost() {
      stream.value = "lost";
      restart();
    },
  });
}

function title() {
  document.title = [name(data("park").name), t("title")].filter(Boolean).join(" ");
}

setInterval(() => {
  streamAge.value = live?.age() ?? streamAge.value;
  tick.value += 1;
  checkNight();
}, 1000);

render(html`<${App} />`, document.getElementById("wall"));
title();

const park = ASKED_PARK || items(await ask("/parks"))[0]?.park_id;
if (park) {
  follow(park);
  await survey(park);
} else {
  stream.value = "none";
}
