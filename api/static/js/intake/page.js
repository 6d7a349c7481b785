// The page's places: its answer, the way of a message, what is open, lanes and minutes, and who misbehaves.
import { LANG } from "../config.js";
import { classes, html } from "../html.js";
import { data, database, lost, stream, tick } from "../store.js";
import { Empty, Tile } from "../tile.js";
import { useSize } from "../draw/size.js";
import { number, span } from "../format.js";
import { Foot } from "../tiles/foot.js";
import { Head } from "../tiles/head.js";
import { minuteTime } from "../time.js";
import { t } from "../i18n/index.js";
import { Clocks, Lanes, Rejects, Talkers } from "./lists.js";
import { since, stages, Stages } from "./stages.js";
import { conditionText } from "./words.js";

const open = () => (data("intake").conditions ?? []).filter((condition) => !condition.ended);

/** {level, text}: where messages are stuck, as far as anybody knows. */
export function answer() {
  tick.value;
  if (lost.value) return { level: "stale", text: t("verdict.lost") };
  if (database.value === "away") return { level: "high", text: t("finding.database") };
  const way = stages();
  const stuck = way.find((stage) => stage.level === "high" && stage.state !== "never");
  if (stuck) return { level: "high", text: t("answer.stuck", { where: t(`stage.${stuck.key}`) }) };
  const unknown = way.filter((stage) => stage.state !== "fresh");
  if (unknown.some((stage) => ["broker", "commit", "rollup"].includes(stage.key))) {
    return { level: "stale", text: t("answer.unknown", { where: unknown.map((stage) => t(`stage.${stage.key}`)).join(LANG === "zh" ? "、" : ", ") }) };
  }
  const conditions = open().length;
  if (conditions) return { level: "medium", text: t("answer.conditions", { n: number(conditions) }) };
  return { level: "well", text: t("answer.well") };
}

function Answer() {
  const { level, text } = answer();
  return html`<div class=${classes("answer", level)} role="status"><p class="headline" key=${text}>${text}</p>
    <a href=${`/${location.search}`}>${t("intake.back")}</a></div>`;
}

/** Open before over, what a person must mend before what can wait. */
const weight = ({ ended, kind }) => (ended ? 2 : 0) + (kind === "rejects" ? 0 : 1);

function Condition({ condition }) {
  const level = condition.ended ? "over" : condition.kind === "rejects" ? "high" : "medium";
  const { ended, last, messages, dead_letter: letter } = condition;
  return html`<li class=${classes("condition", level)}>
    <span class=${classes("tag", !ended && level)}>${t(ended ? "condition.over" : `condition.kind.${condition.kind}`)}</span>
    <span class="name">${conditionText(condition)}</span>
    <span class="about">${[
      t("condition.count", { n: number(messages) }),
      ended ? t("condition.ended", { span: span(since(ended)) }) : t("condition.last", { span: span(since(last)) }),
      letter && t("rejects.letter", { n: letter }),
      !ended && t(`condition.do.${condition.kind}`),
    ].filter(Boolean).join(" · ")}</span></li>`;
}

function Conditions() {
  const conditions = [...(data("intake").conditions ?? [])].sort((a, b) => weight(a) - weight(b));
  return html`<${Tile} of="intake" id="conditions" title=${t("conditions.title")} note=${number(open().length)} kind="list conditions">
    <ul class="rows">${conditions.map((one) => html`<${Condition} key=${one.condition} condition=${one} />`)}
    ${!conditions.length && html`<li><${Empty} of="intake" text=${t("conditions.none")} /></li>`}</ul></${Tile}>`;
}

function Minutes() {
  const [ref, { w, h }] = useSize();
  const { minutes = [] } = data("intake");
  const most = Math.max(1, ...minutes.map((m) => m.messages + m.dead_letters));
  const step = w / 30;
  const foot = h - 18;
  const last = minutes.length ? Date.parse(minutes.at(-1).minute) : 0;
  const x = (minute) => w - step * (1 + (last - Date.parse(minute)) / 60000);
  const high = (n) => (n / most) * Math.max(0, foot - 22);
  const sums = minutes.reduce((sum, m) => [sum[0] + m.messages, sum[1] + m.readings, sum[2] + m.dead_letters], [0, 0, 0]);
  const note = minutes.length > 0 && t("minutes.note", { messages: number(sums[0]), readings: number(sums[1]), rejected: number(sums[2]) });
  return html`<${Tile} of="intake" id="minutes" title=${t("minutes.title")}>
    ${!minutes.length && html`<${Empty} of="intake" text=${t("minutes.none")} />`}
    <div class="chart" ref=${ref} role="img" aria-label=${note || t("age.never")}>${w > 0 && html`<svg viewBox=${`0 0 ${w} ${h}`}>
      ${minutes.map((m) => html`<g key=${m.minute}>
        <rect class="column in" x=${x(m.minute) + 1} width=${Math.max(1, step - 2)} y=${foot - high(m.messages)} height=${high(m.messages)} />
        ${m.dead_letters > 0 && html`<rect class="column bad" x=${x(m.minute) + 1} width=${Math.max(1, step - 2)}
          y=${foot - high(m.messages) - Math.max(3, high(m.dead_letters))} height=${Math.max(3, high(m.dead_letters))} />`}</g>`)}
      <line class="axis" x1="0" x2=${w} y1=${foot} y2=${foot} />
      ${minutes.length > 0 && html`<text class="mark" x="0" y="12">${t("minutes.most", { n: number(most) })}</text>
        <text class="mark" x=${w} y=${h - 3} text-anchor="end">${minuteTime(last)}</text>
        ${x(minutes[0].minute) < w - 100 && html`<text class="mark" x=${Math.max(0, x(minutes[0].minute))} y=${h - 3}>${minuteTime(minutes[0].minute)}</text>`}`}
    </svg>`}</div>${note && html`<p class="hint">${note}</p>`}</${Tile}>`;
}

export const Page = () => html`<main class=${classes("wall intake", lost.value && "lost", `stream-${stream.value}`)}>
  <${Head} title=${t("intake.title")} /><${Answer} /><${Stages} /><${Conditions} />
  <${Lanes} /><${Minutes} /><${Rejects} /><${Talkers} /><${Clocks} /><${Foot} />
</main>`;
