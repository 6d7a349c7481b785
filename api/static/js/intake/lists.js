// Who misbehaves: lanes, senders that cannot be read, those that send most, clocks that lie.
import { parkNow } from "../clock.js";
import { clockText } from "../clocks.js";
import { classes, html } from "../html.js";
import { data } from "../store.js";
import { Empty, Tile } from "../tile.js";
import { known, number, short, span } from "../format.js";
import { stamp } from "../time.js";
import { t } from "../i18n/index.js";
import { belief, since } from "./stages.js";
import { reasonText, senderText } from "./words.js";

const at = (iso) => (iso ? stamp(iso, parkNow()) : "—");

const rate = (value) => number(value, value < 10 ? 1 : 0);

function Lane({ lane }) {
  const state = belief(lane.at, 30);
  const session = state !== "fresh" ? t("lane.unknown") : lane.connected ? t("lane.connected") : t("lane.down");
  return html`<li class=${classes("lane", state)}>
    <span class="name" title=${lane.trouble || lane.lane}>${lane.lane}</span>
    <span class=${classes("tag", state !== "fresh" ? "dashed" : !lane.connected && "high")}>${session}</span>
    <span class="value">${rate(lane.messages_per_s)}</span><span class="value">${rate(lane.readings_per_s)}</span>
    <span class="value">${lane.rejected > 0 ? html`<b class="bad">${number(lane.rejected)}</b>` : number(lane.rejected)}</span>
    <span class="when">${lane.at ? span(since(lane.at)) : "—"}</span>
  </li>`;
}

export function Lanes() {
  const { lanes = [] } = data("intake");
  return html`<${Tile} of="intake" id="lanes" title=${t("lanes.title")} kind="lanes">
    <ul class="rows table" role="table">
      ${lanes.length > 0 && html`<li class="heads" aria-hidden="true"><span>${t("lanes.lane")}</span><span>${t("lanes.session")}</span>
        <span>${t("lanes.messages")}</span><span>${t("lanes.readings")}</span><span>${t("lanes.rejected")}</span><span>${t("lanes.word")}</span></li>`}
      ${lanes.map((lane) => html`<${Lane} key=${lane.lane} lane=${lane} />`)}
      ${!lanes.length && html`<li><${Empty} of="intake" text=${t("lanes.none")} /></li>`}
    </ul></${Tile}>`;
}

export function Rejects() {
  const { rejects = [] } = data("intake");
  return html`<${Tile} of="intake" id="rejects" title=${t("rejects.title")} note=${t("rejects.note")} kind="list">
    <ul class="rows">${rejects.map((r) => html`<li key=${`${r.lane} ${r.device_id} ${r.reason}`}>
      <span class="name" title=${r.device_id ?? ""}>${senderText(r)}</span><span class="value">${number(r.messages)}</span>
      <span class="about" title=${r.reason}>${reasonText(r.reason)} · ${t("rejects.last", { at: at(r.last) })}${
        r.dead_letter ? ` · ${t("rejects.letter", { n: r.dead_letter })}` : ""}</span></li>`)}
      ${!rejects.length && html`<li><${Empty} of="intake" text=${t("rejects.none")} /></li>`}</ul>
    ${rejects.length > 0 && html`<p class="hint">${t("rejects.hint")} <code>park replay --reason ${rejects[0].reason}</code></p>`}</${Tile}>`;
}

/** Far above what is expected, as PARK_FLOOD_FACTOR and PARK_FLOOD_FLOOR have it by default. */
const floods = ({ per_minute: rate, expected }) => known(rate) && rate > Math.max(300, 10 * (expected ?? 1));

function Talker({ talker }) {
  const { per_minute: rate, expected, limit, limited } = talker;
  const told = [];
  if (limit) {
    told.push(html`<span class="tag medium">${t("talkers.limited", { n: number(limit.per_minute) })}</span>`);
    told.push(limit.until ? t("talkers.until", { at: at(limit.until) }) : t("talkers.forever"));
    told.push(t("talkers.leftOut", { n: number(limited) }));
    if (limit.reason) told.push(limit.reason);
  } else if (known(expected)) {
    told.push(t("talkers.expected", { n: short(expected) }));
  } else told.push(talker.lane ?? t("unknown"));
  return html`<li><span class="name" title=${talker.device_id}>${senderText(talker)}</span>
    <span class=${classes("value", floods(talker) && "bad")}>${known(rate) ? number(rate) : "—"}</span>
    <span class="about">${told.map((part, i) => html`${i > 0 && " · "}${part}`)}</span></li>`;
}

export function Talkers() {
  const { talkers = [] } = data("intake");
  const busiest = talkers.find((talker) => !talker.limit && floods(talker))?.device_id ?? "DEVICE";
  return html`<${Tile} of="intake" id="talkers" title=${t("talkers.title")} note=${t("talkers.note")} kind="list">
    <ul class="rows">${talkers.map((one) => html`<${Talker} key=${`${one.lane} ${one.device_id}`} talker=${one} />`)}
      ${!talkers.length && html`<li><${Empty} of="intake" text=${t("talkers.none")} /></li>`}</ul>
    <p class="hint">${t("talkers.hint")} <code>park limit ${busiest} --per-minute 60</code></p></${Tile}>`;
}

export function Clocks() {
  const { clocks = [], clocks_total: total = 0 } = data("intake");
  const offset = (s) => (known(s) ? `${s < 0 ? "−" : "+"}${span(Math.abs(s))}` : "—");
  return html`<${Tile} of="intake" id="clocks" title=${t("clocks.title")} note=${total > 0 && t("clocks.note", { n: number(total) })} kind="list">
    <ul class="rows">${clocks.map((clock) => html`<li key=${clock.device_id}>
      <span class="name" title=${clock.device_id}>${senderText(clock)}</span><span class="value">${offset(clock.offset_s)}</span>
      <span class="about">${clockText(clock)} · ${t("clocks.since", { at: at(clock.since) })}</span></li>`)}
      ${!clocks.length && html`<li><${Empty} of="intake" text=${t("clocks.none")} /></li>`}</ul></${Tile}>`;
}
