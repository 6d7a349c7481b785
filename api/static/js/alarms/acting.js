// What people do to alarms: sent once, never queued; what did not go through is said, and what was typed stays.
import { batch, signal } from "../html.js";
import { parkNow } from "../clock.js";
import { data } from "../store.js";
import { number } from "../format.js";
import { stamp } from "../time.js";
import { t } from "../i18n/index.js";
import { detail, marked, open, refresh } from "./ledger.js";
import { actor, draft, type } from "./typed.js";
import { get, post } from "./wire.js";
import { actorText, stateText } from "./words.js";

/** The act that is on its way (its key), or null: the button that waits says so. */
export const sending = signal(null);
/** {alarm, text, level}: what became of the last act; `alarm` null where it was about several. */
export const said = signal(null);
/** Which form is open: comment, shelve, out-of-service, or null. */
export const form = signal(null);
/** {then, where}: what is to be done once somebody has given a name, and where it is asked for; null: nobody is. */
export const asking = signal(null);
/** {what, again}: an act that never left this screen. */
export const unsent = signal(null);

/** The text fields of an alarm, by name. */
export const field = (alarm, name) => `${alarm ?? "many"} ${name}`;

const known = (number) => (detail.value?.alarm === number ? detail.value : open.value?.find((alarm) => alarm.alarm === number));

/** Does `then` with the actor's name; asks for it first, at its place, where nobody has given one. */
export function withActor(then, where) {
  if (actor.value) return then();
  asking.value = { then, where };
  return undefined;
}

async function send({ key, alarm, path, body, what, done }) {
  if (sending.value) return;
  batch(() => {
    sending.value = key;
    said.value = null;
    unsent.value = null;
  });
  const answer = await post(path, { ...body, actor: actor.value });
  if (answer.ok) done(answer.data);
  else if (answer.status === 409) said.value = { alarm, level: "high", text: await overtaken(alarm, answer.text) };
  else {
    said.value = { alarm, level: "high", text: answer.text };
    if (answer.status === 0) unsent.value = { what, again: () => send({ key, alarm, path, body, what, done }) };
  }
  await refresh();
  sending.value = null;
}

/** Why it could not be done, from what the alarm is now: somebody was faster, or it is over. */
async function overtaken(number, text) {
  const answer = number === null ? { ok: false } : await get(`/alarms/${number}`);
  if (!answer.ok) return text;
  return seenText(answer.data) ?? t("wrong.changed", { detail: stateText(answer.data.state) });
}
const seenText = ({ seen_by: who, seen_at: at }) =>
  who && who !== actor.value ? t("wrong.seen", { who: actorText(who), at: stamp(at, parkNow()) }) : null;

/** Acknowledges the alarm of the detail, or the marked ones (`many`), with the comment that was typed. */
export function acknowledge(numbers, { many = false } = {}) {
  if (!numbers.length) return;
  const one = many ? null : numbers[0];
  const typed = field(one, "comment");
  withActor(() => send({
    key: "acknowledge", alarm: one, path: "/alarms/acknowledge", what: t("act.acknowledgeMany", { n: number(numbers.length) }),
    body: { alarms: numbers, ...(draft(typed).value.trim() && { comment: draft(typed).value.trim() }) },
    done({ items = [] }) {
      const rest = items.filter(({ outcome }) => outcome !== "done");
      const refused = items.filter(({ outcome }) => outcome === "refused");
      type(typed, "");
      form.value = null;
      if (one === null) marked.value = new Set(refused.map(({ alarm }) => alarm));
      if (rest.length) said.value = { alarm: one, level: "high", text: restText(rest) };
    },
  }), many ? "many" : "detail");
}
function restText(rest) {
  const [first] = rest;
  const why = seenText(first) ?? (first.state ? t("wrong.changed", { detail: stateText(first.state) }) : t("alarm.gone"));
  return rest.length === 1 ? why : t("wrong.some", { n: number(rest.length), detail: why });
}

/** One of reset, release, comment, shelve, out-of-service for one alarm. `fields` are emptied once it is done. */
export function act(alarm, verb, { body = {}, fields = [] } = {}) {
  withActor(() => send({
    key: verb, alarm, path: `/alarms/${alarm}/${verb}`, body, what: t(`act.${verb}`),
    done() {
      for (const name of fields) type(field(alarm, name), "");
      form.value = null;
    },
  }), "detail");
}

/** Whether life safety, or what it is now, forbids an act; the reason in words, or null. */
export function forbidden(alarm, verb) {
  if (["shelve", "out-of-service"].includes(verb)) return alarm.life_safety ? t("act.lifeSafety") : null;
  return verb === "reset" && alarm.active ? t("act.resetLater") : null;
}

/** Which acts an alarm is open to. */
export function possible(alarm) {
  if (alarm.gone || data("alarms").read_only) return [];
  if (alarm.closed) return ["comment"];
  if (alarm.hold) return alarm.hold === "suppressed" ? ["comment"] : ["release", "comment"];
  return [!alarm.acknowledged && "acknowledge", alarm.acknowledged && alarm.latches && "reset", "comment", "shelve", "out-of-service"].filter(Boolean);
}
/** The alarm of that number, as far as this screen knows it. */
export const alarmOf = known;
