// What happened last: denials, doors, referrals, devices that went and came. What goes well is not an event here.
import { html } from "../html.js";
import { data } from "../store.js";
import { Empty, Tile } from "../tile.js";
import { parkNow } from "../clock.js";
import { clockTime, dayAround, minuteTime, shortDay } from "../time.js";
import { trouble } from "../findings.js";
import { placeOf } from "../place.js";
import { name, t, word } from "../i18n/index.js";

const SHOWN = 14;
const MANY = new Set(["online", "offline", "unknown"]);
const DOORS = new Set(["alarm", "forced-open", "tamper", "door-open-too-long", "door-fault"]);

/** [look of the tag, its word] of an event. */
function tag({ kind, label, detail }) {
  if (kind === "door") return [DOORS.has(label) ? "high" : "", t("event.door")];
  if (kind === "screening") return [label === "REFER" ? "medium" : "dashed", word(`result.${label}`, label)];
  if (kind === "sensor") return [detail === "ended" ? "" : trouble({ point: label, value: 1 }) ?? "", word(`value.${label}.1`, label)];
  if (kind === "decision" || kind === "passage") return ["medium", label.startsWith("denied") ? t("event.denied") : t("event.access")];
  return [label === "offline" ? "dashed" : "", word(`state.${label}`, label)];
}

/** The engine's "silent since <instant>" with the park's time; other reasons by the word list, else as they came. */
function reasonOf(detail) {
  const since = /^silent since (\S+)$/.exec(detail ?? "");
  if (since) return t("reason.silentSince", { at: minuteTime(since[1]) });
  return detail && word(`reason.${detail}`, detail);
}

/** Whether an event is about several devices that came or went at once. */
const many = ({ kind, label, count }) => count > 1 && (kind === "transition" || kind === "status") && MANY.has(label);

/** What is said under the name: the reason in words, which way, where. */
function about(event) {
  const { kind, label, direction, detail } = event;
  const reason = kind === "decision" || kind === "passage" ? word(`access.${label}`, label)
    : kind === "door" ? word(`door.${label}`, label)
    : kind === "sensor" ? [word(`point.${label}`, label), word(`event.${detail}`, detail)].filter(Boolean).join(" ")
    : !many(event) && reasonOf(detail);
  const way = direction && direction !== "unknown" ? t(`direction.${direction}`) : "";
  return [reason, way, placeOf(event)].filter(Boolean).join(" · ") || t(`kind.${kind}`);
}

/** Today by the second, before that with its date. */
function when(at) {
  const now = parkNow();
  const today = now !== null && Date.parse(at) >= dayAround(now)[0];
  return today ? clockTime(at) : `${shortDay(at)} ${minuteTime(at)}`;
}

/** Who it was about; several devices that did the same at once are counted, not named. */
function who(event) {
  if (many(event)) return t(`event.many.${event.label}`, { n: event.count });
  return name(event.name, event.device_id) + (event.count > 1 ? ` ×${event.count}` : "");
}

function Row({ event }) {
  const [look, text] = tag(event);
  return html`<li class="two">
    <span class="tag ${look}">${text}</span>
    <span class="name" title=${event.device_id}>${who(event)}</span>
    <time class="when" datetime=${event.at}>${when(event.at)}</time>
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
