// Starts the wall: finds the park, opens the stream, draws. All figures come from the public API and live stream.
import { App } from "./app.js";
import { ask, findPark, follow, items, keepTime } from "./follow.js";
import { html, render } from "./html.js";
import { data, geometry } from "./store.js";
import { name, t } from "./i18n/index.js";

const SURVEY_MS = 60000;

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

function title() {
  document.title = [name(data("park").name), t("title")].filter(Boolean).join(" ");
}

keepTime();
render(html`<${App} />`, document.getElementById("wall"));
title();

const park = await findPark();
if (park) {
  follow(park, {
    snapshot: title,
    tile(changed) {
      if (changed === "spaces" && geometry.value && unknownPlace()) survey(park);
    },
  });
  await survey(park);
}
