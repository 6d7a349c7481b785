// The list of either kind: what is due first stands first, and nothing moves under a hand that is on it.
import { classes, html, useRef } from "../html.js";
import { parkNow } from "../clock.js";
import { lost, tick } from "../store.js";
import { number, span } from "../format.js";
import { stamp } from "../time.js";
import { name, t } from "../i18n/index.js";
import { KINDS, leftOf, nextClock, untaken, urgency } from "../orders/clocks.js";
import { dueShort, kindText, lengthText, numberText, pauseText, placeText, stateText, timeText, titleText, whoText } from "../orders/words.js";

const STILL_MS = 4000; // a pointer that rests so long is no hand

function Cell({ clock, order, first }) {
  tick.value;
  if (!clock) return html`<span class="cell none">—</span>`;
  const now = parkNow();
  const { state, kind } = clock;
  const how = state === "running" ? urgency(clock, now) : state;
  const left = leftOf(clock, now);
  const big = state === "running" ? (left === null ? "—" : `${left < 0 ? "+" : ""}${timeText(clock, now)}`)
    : state === "paused" ? t("sla.pausedShort") : state === "void" ? "—" : `${state === "met" ? "✓" : "✗"} ${lengthText(clock.spent_s ?? clock.wall_s)}`;
  const at = dueShort(clock.due, now);
  const small = state === "running" ? (at.length > 5 ? at : t("sla.due", { at })) : state === "paused" ? pauseText(order)
    : state === "void" ? t("sla.void") : clock.target_s ? t("sla.of", { target: span(clock.target_s) }) : t("sla.appointment");
  return html`<span class=${classes("cell", how, first && "first", clock.provisional && "provisional")} title=${kindText(kind)}><i>${kindText(kind)}</i><b>${big}</b><small>${small}</small></span>`;
}

export function OrderRow({ item: order, ledger }) {
  tick.value;
  const now = parkNow();
  const next = nextClock(order);
  const chosen = ledger.chosen.value === order.work_order;
  const ago = ledger.ended.value ? stamp(order.created, now) : t("alarm.since", { span: span(now === null ? null : (now - Date.parse(order.created)) / 1000) });
  return html`<li class=${classes("row order-row", order.priority, urgency(next, now), untaken(order) && "open", chosen && "chosen")} id=${`row-${order.work_order}`}>
    <button type="button" class="face" aria-current=${chosen ? "true" : undefined} onClick=${() => ledger.choose(order.work_order)}>
      <span class=${classes("tag", order.priority)}>${order.priority}</span>
      <span class="name">${titleText(order)}</span>
      <span class="about">${placeText(order)} · ${ago} · ${numberText(order)}</span>
      <span class="who">${whoText(order)}</span>
      <span class="when">${untaken(order) && order.state === "new" ? ago : stateText(order)}</span>
      <span class="cells">${KINDS.map((kind) => { const clock = order.clocks?.find((each) => each.kind === kind); return html`<${Cell} key=${kind} clock=${clock} order=${order} first=${clock && clock === next} />`; })}</span>
    </button></li>`;
}

function Nothing({ ledger }) {
  const { list, trouble, ended } = ledger;
  if (list.value === null) return html`<p class="empty">${trouble.value ? t("wrong.listNever") : t("age.waiting")}</p>`;
  if (lost.value || trouble.value) return html`<p class="empty">${t("service.unknown")}</p>`;
  if (list.value.length) return html`<p class="empty">${t("service.noneFiltered")}</p>`;
  return html`<p class="empty">${t(ended.value ? "service.noneEnded" : `service.none.${ledger.name}`)}</p>`;
}

/** `Row` draws one: {item, ledger}. */
export function List({ ledger, Row, header }) {
  const timer = useRef(0);
  const { rows, frozen, moved, hold, trouble, ended, past, more, id } = ledger;
  const touch = (event) => {
    if (event.pointerType !== "mouse" || ended.value) return;
    hold(true);
    clearTimeout(timer.current);
    timer.current = setTimeout(() => hold(false), STILL_MS);
  };
  const away = () => {
    clearTimeout(timer.current);
    hold(false);
  };
  return html`<section class=${classes("tile list", (lost.value || trouble.value) && "stale")} id="list" aria-label=${t(`service.tab.${ledger.name}`)}>
    ${trouble.value && html`<p class="said" role="status">${trouble.value.at ? t("wrong.list", { at: stamp(trouble.value.at, parkNow()) }) : t("wrong.listNever")} · ${trouble.value.text}</p>`}
    ${moved.value > 0 && frozen.value && html`<button type="button" class="moved" onClick=${() => hold(false)}>${t("filter.updates", { n: number(moved.value) })}</button>`}
    ${header}
    <ul class="rows" onPointerMove=${touch} onPointerLeave=${away}>
      ${rows.value.map((item) => html`<${Row} key=${item[id]} item=${item} ledger=${ledger} />`)}
      ${!rows.value.length && html`<li class="nothing"><${Nothing} ledger=${ledger} /></li>`}
      ${ended.value && past.value?.length > 0 && html`<li class="older">${more.value
        ? html`<button type="button" class="act" onClick=${ledger.readOlder}>${t("filter.older")}</button>` : t("filter.end")}</li>`}
    </ul></section>`;
}

/** What the columns of clocks are. */
export const OrderHeader = () => html`<div class="columns" aria-hidden="true"><span>${t("service.column.what")}</span><span class="cells">${KINDS.map((kind) => html`<i key=${kind}>${kindText(kind)}</i>`)}</span></div>`;
export const placeName = ({ place }) => name(place?.building, place?.building_id ?? "");
