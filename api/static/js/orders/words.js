// A work order in words: what, where, where it stands, what its clocks say.
import { parkNow } from "../clock.js";
import { LANG } from "../config.js";
import { known, span } from "../format.js";
import { dayAround, fields, minuteTime, shortDay, stamp } from "../time.js";
import { name, t, word } from "../i18n/index.js";
import { countdown, leftOf, untaken } from "./clocks.js";

const DAY_S = 86400;
const at = (iso) => (iso ? stamp(iso, parkNow()) : "—");
/** The same where there is little room: 11/24 13:52 in Chinese. */
export function dueShort(iso, now = parkNow()) {
  const text = dueText(iso, now);
  if (LANG === "en" || text.length <= 5) return text;
  const { month, day } = fields(iso);
  return `${month}/${day} ${minuteTime(iso)}`;
}
/** A time that is still to come: with its day, unless that is today. */
export function dueText(iso, now = parkNow()) {
  if (!iso || now === null) return "—";
  const [start, end] = dayAround(now);
  const ms = Date.parse(iso);
  return ms >= start && ms < end ? minuteTime(iso) : `${shortDay(iso)} ${minuteTime(iso)}`;
}

export const numberText = (order) => t("order.number", { n: order.work_order });
export const titleText = (order) => name(order.title, name(order.service_name, order.service));
export const stateWord = (state) => word(`orderState.${state}`, state);
export const stateText = ({ state, waiting_for: reason }) =>
  (state === "waiting" && reason ? t("order.waitingFor", { reason: waitText(reason) }) : stateWord(state));
export const waitText = (reason) => word(`wait.${reason}`, reason);
export const actionText = (action) => word(`orderAction.${action}`, action);
export const actorText = (actor) => (actor === "system" ? t("alarm.system") : actor ?? "—");
export const originText = ({ origin }) => word(`origin.${origin}`, origin);
export const proofText = (proof) => word(`proof.${proof}`, proof);

/** Building, place, device: each once, none that the next one's name says already. */
export function placeText({ place }) {
  if (!place) return t("order.noPlace");
  const parts = [name(place.building), name(place.space), name(place.device)].filter(Boolean);
  const said = parts.filter((part, i) => !parts.slice(i + 1).some((later) => later.startsWith(part)));
  return said.join(" · ") || place.device_id || place.space_id || t("order.noPlace");
}
/** Who has it, or that nobody does. */
export const whoText = (order) => (order.assignee && !(untaken(order) && !order.assignee.login)
  ? t(untaken(order) ? "order.offeredTo" : "order.with", { who: order.assignee.name ?? order.assignee.login }) : t(untaken(order) ? "order.nobody" : "order.noAssignee"));

/** A length of time as on a clock, up to a day; in words beyond. */
export const lengthText = (seconds) => (!known(seconds) || Math.abs(seconds) >= DAY_S ? span(known(seconds) ? Math.abs(seconds) : seconds) : countdown(seconds));
/** The time on a clock, without its sign; null where none is known. */
export function timeText(clock, now = parkNow()) {
  const left = leftOf(clock, now);
  return left === null ? null : lengthText(left);
}
export const kindText = (kind) => t(`sla.${kind}`);

/** Why a clock is paused: what the order waits for. */
export const pauseText = (order) => (order.waiting_for ? t("sla.pausedFor", { reason: waitText(order.waiting_for) }) : t("sla.paused"));

/** "21 of 30 min used" */
const usedText = ({ spent_s: spent, target_s: target }) =>
  (known(spent) && known(target) ? t("sla.used", { spent: span(spent), target: span(target) }) : known(spent) ? t("sla.spent", { spent: span(spent) }) : "");

function stoppedText({ kind, stopped }, order) {
  if (kind === "respond" && order.proof && order.responded !== order.done) return t("sla.stopped.site", { at: at(stopped), proof: proofText(order.proof) });
  return t(kind === "respond" ? "sla.stopped.remote" : `sla.stopped.${kind}`, { at: at(stopped) });
}

/** A clock explained in one sentence: due, what stopped it, how much of the target was used. */
export function clockSentence(clock, order, now = parkNow()) {
  const { state, target_s: target, due, stopped, breached, paused_s: paused } = clock;
  const limit = due ?? breached;
  const until = limit ? t("sla.due", { at: dueText(limit, now) }) : "";
  const parts = [];
  if (state === "void") return t("sla.void");
  if (state === "running") {
    const left = leftOf(clock, now);
    parts.push(until, left === null ? "" : t(left < 0 ? "sla.over" : "sla.left", { span: span(Math.abs(left)) }),
      known(target) ? t("sla.target", { span: span(target) }) : t("sla.appointment"));
  } else if (state === "paused") {
    parts.push(pauseText(order), known(target) ? t("sla.target", { span: span(target) }) : "");
  } else {
    parts.push(until, stopped ? stoppedText(clock, order) : "", usedText(clock));
    if (state === "missed" && due && stopped) parts.push(t("sla.late", { span: span((Date.parse(stopped) - Date.parse(due)) / 1000) }));
  }
  if (known(paused) && paused >= 60) parts.push(t("sla.pausesSoFar", { span: span(paused) }));
  if (clock.provisional) parts.push(t("sla.provisional"));
  return parts.filter(Boolean).join(t("list.comma"));
}

/** Where verification stands: by the sensor, by a person, failed, or what it waits for. `now` in ms. */
export function verificationText(order, now = parkNow()) {
  const { verified, verify_s: wanted, done } = order;
  if (verified === "sensor") return t("verify.sensor");
  if (verified === "person") return t("verify.person");
  if (verified === "failed") return t("verify.failed");
  if (!known(wanted)) return order.state === "done" ? t("verify.byPerson") : "";
  if (order.state !== "done" || !done || now === null) return t("verify.later", { span: span(wanted) });
  const left = wanted - (now - Date.parse(done)) / 1000;
  return left > 0 ? t("verify.waiting", { span: span(wanted), left: span(Math.max(60, Math.ceil(left / 60) * 60)) }) : t("verify.overdue", { span: span(wanted) });
}

/** What became of an act that the server refused because the order had changed: who was faster. */
export function overtakenText({ state, last }) {
  if (last?.actor) return t("wrong.faster", { who: actorText(last.actor), what: actionText(last.action), at: at(last.at ?? last.happened), state: stateWord(state) });
  return t("wrong.orderChanged", { state: stateWord(state) });
}
