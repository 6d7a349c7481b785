// What happened last: denials, doors, referrals, devices that went and came. What goes well is not an event here.
import { html } from "../html.js";
import { data } from "../store.js";
import { Empty, Tile } from "../tile.js";
import { clockTime } from "../time.js";
import { name, placeOf, t, word } from "../i18n/index.js";

const SHOWN = 14;
const DOORS = new Set(["alarm", "forced-open", "tamper", "door-open-too-long", "door-fault"]);

/** [look of the tag, its word] of an event. */
function tag({ kind, label }) {
  if (kind === "door") return [DOORS.has(label) ? "high" : "", t("event.door")];
  if (kind === "screening") return [label === "REFER" ? "medium" : "dashed", word(`result.${label}`, label)];
  if (kind === "decision" || kind === "passage") return ["medium", label.startsWith("denied") ? t("event.denied") : t("event.access")];
  return [label === "offline" ? "dashed" : "", word(`state.${label}`, label)];
}

/** What is said under the name: the reason in words, which way, where. */
function about(event) {
  const { kind, label, direction, detail } = event;
  const reason = kind === "decision" || kind === "passage" ? word(`access.${label}`, label)
    : kind === "door" ? word(`door.${label}`, label)
    : detail && word(`reason.${detail}`, detail);
  const way = direction && direction !== "unknown" ? t(`direction.${direction}`) : "";
  return [reason, way, placeOf(event)].filter(Boolean).join(" · ") || t(`kind.${kind}`);
}

function Row({ event }) {
  const [look, text] = tag(event);
  return html`<li class="two">
    <span class="tag ${look}">${text}</span>
    <span class="name" title=${event.device_id}>${name(event.name, event.device_id)}</span>
    <time class="when" datetime=${event.at}>${clockTime(event.at)}</time>
    <span class="about">${about(event)}</span>
  </li>`;
}

export function Events() {
  const { items = [] } = data("events");
  return html`<${Tile} of="events" title=${t("events.title")} kind="events">
    ${items.length > 0
      ? html`<ul class="rows">${items.slice(0, SHOWN).map((event) => html`<${Row} key=${event.id} event=${event} />`)}</ul>`
      : html`<${Empty} of="events" text=${t("events.none")} />`}
  </${Tile}>`;
}
