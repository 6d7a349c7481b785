// The way of a message as seven cards: how late each stage is, and how old that knowledge is. Unknown is never green.
import { clockSpeed, parkNow } from "../clock.js";
import { classes, html } from "../html.js";
import { data, lost, stream, streamAge, tick } from "../store.js";
import { Figure } from "../tile.js";
import { age, known, number, span } from "../format.js";
import { t } from "../i18n/index.js";

const LATE_S = 10; // from received to committed
const DELAYED_S = 60; // from the device to us
const WORD_S = 30; // collectors speak every 10 s
const CALM_S = 6; // a heartbeat comes every 5 s
const COMMIT_S = 60; // a small park may be quiet for a while

/** Park seconds since an instant; null where there is none. */
export function since(iso) {
  tick.value;
  const now = parkNow();
  return iso && now !== null ? Math.max(0, (now - Date.parse(iso)) / 1000) : null;
}

/** "never", "stale" or "fresh": whether what was known at `iso` may still be believed. */
export function belief(iso, limitS) {
  const seconds = since(iso);
  if (seconds === null) return "never";
  return lost.value || seconds > limitS * Math.max(1, clockSpeed()) ? "stale" : "fresh";
}

const seconds = (value) => (!known(value) ? [null] : value < 60 ? [number(value, value < 10 ? 1 : 0), t("stage.s")] : [span(value), ""]);
const late = (value, limit) => known(value) && value > limit * Math.max(1, clockSpeed()) && "high";

/** What each stage says: [{key, figure: [text, unit], note, at, state, level}], in the order of a message's way. */
export function stages() {
  const { device, broker, inbox, spool, commit, rollup } = data("intake").stages ?? {};
  const down = (data("intake").lanes ?? []).filter((lane) => lane.connected === false).map((lane) => lane.lane);
  const found = [
    { key: "device", at: device?.at, limit: 150, figure: seconds(device?.lag_s), level: late(device?.lag_s, DELAYED_S),
      note: known(device?.worst_s) && t("stage.device.note", { span: seconds(device.worst_s).join(" ") }) },
    { key: "broker", at: broker?.at, limit: WORD_S, figure: [broker?.at ? `${broker.connected} / ${broker.lanes}` : null, ""],
      level: down.length > 0 && "high",
      note: down.length ? t("stage.broker.down", { lanes: down.join(" ") }) : t("stage.broker.note") },
    { key: "inbox", at: inbox?.at, limit: WORD_S, figure: [known(inbox?.messages) ? number(inbox.messages) : null, ""],
      note: t("stage.inbox.note") },
    { key: "spool", at: spool?.at, limit: WORD_S, figure: [spool?.at ? number(spool.messages) : null, ""],
      level: spool?.messages > 0 && "medium",
      note: spool?.oldest ? t("stage.spool.oldest", { span: span(since(spool.oldest)) }) : t("stage.spool.note") },
    { key: "commit", at: commit?.at, limit: COMMIT_S, figure: seconds(commit?.lag_s), level: late(commit?.lag_s, LATE_S),
      note: t("stage.commit.note") },
    { key: "rollup", at: rollup?.at, limit: WORD_S, figure: [known(rollup?.marks) ? number(rollup.marks) : null, ""],
      level: Boolean(rollup?.error) && "high", note: rollup?.error || t("stage.rollup.note") },
  ].map((stage) => ({ ...stage, state: belief(stage.at, stage.limit) }));
  const heard = streamAge.value;
  found.push({ key: "screen", figure: heard !== null && heard < CALM_S ? [t("stage.screen.live"), ""] : [heard === null ? null : span(heard), ""],
    level: lost.value && "high", note: t("stage.screen.note"), seconds: heard,
    state: stream.value === "opening" ? "never" : lost.value ? "stale" : "fresh" });
  return found;
}

function Stage({ stage }) {
  const { key, figure: [text, unit], note, state, level } = stage;
  const old = stage.seconds ?? since(stage.at);
  return html`<li class=${classes("tile card stage", state, level)} id=${`stage-${key}`}>
    <header><h2>${t(`stage.${key}`)}</h2>
      <span class=${classes("age", state !== "fresh" && "tag dashed")}>${
        state === "never" ? t("age.never") : state === "stale" ? t("age.stale", { span: span(old) }) : age(old)}</span></header>
    <p class="big"><${Figure} value=${text} unit=${unit} known=${text !== null} kind="big" /></p>
    <p class="line" title=${note || ""}>${note}</p>
  </li>`;
}

export const Stages = () => html`<ol class="stages" aria-label=${t("intake.way")}>
  ${stages().map((stage) => html`<${Stage} key=${stage.key} stage=${stage} />`)}</ol>`;
