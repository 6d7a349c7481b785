// The overview's places: left facts, centre the park, right alarms and devices, foot the load and what happened.
import { classes, html } from "./html.js";
import { lost, stream } from "./store.js";
import { Alarms, crowded } from "./tiles/alarms.js";
import { Events } from "./tiles/events.js";
import { Flow } from "./tiles/flow.js";
import { Foot } from "./tiles/foot.js";
import { Head } from "./tiles/head.js";
import { Health } from "./tiles/health.js";
import { KeyFigures } from "./tiles/key-figures.js";
import { ParkMap } from "./tiles/park-map.js";
import { Power } from "./tiles/power.js";
import { Screening } from "./tiles/screening.js";
import { Sensors } from "./tiles/sensors.js";

export function App() {
  return html`<main class=${classes("wall", lost.value && "lost", `stream-${stream.value}`)}>
    <${Head} here="overview" />
    <${KeyFigures} />
    <${Flow} />
    <${Screening} />
    <${ParkMap} />
    <div class=${classes("right", crowded() && "crowded")}><${Alarms} /><${Health} /><${Sensors} /></div>
    <${Power} /><${Events} />
    <${Foot} />
  </main>`;
}
