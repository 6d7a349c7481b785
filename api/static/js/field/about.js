// All that is known of an order, for whoever stands before the machine: what to do, how it looked, what was said.
import { parkNow } from "../clock.js";
import { html, useEffect, useState } from "../html.js";
import { stamp } from "../time.js";
import { name, t, word } from "../i18n/index.js";
import { get } from "../alarms/wire.js";
import { actionText, actorText, clockSentence, kindText, waitText } from "../orders/words.js";

const SAID = new Set(["comment", "wait", "release", "reopen", "finish", "priority", "appoint"]);

/** Reads a path when it is shown; {text} says why it could not be. */
function useRead(path) {
  const [found, keep] = useState(null);
  useEffect(() => {
    let gone = false;
    if (path) get(path).then((answer) => !gone && keep(answer.ok ? answer.data : { text: answer.text }));
    return () => {
      gone = true;
    };
  }, [path]);
  return found;
}

export function About({ order }) {
  const whole = useRead(`/work-orders/${order.work_order}`);
  const alarm = useRead(order.alarm && `/alarms/${order.alarm}`);
  const said = (whole?.events ?? []).filter((event) => SAID.has(event.action) && (event.reason || event.detail?.words));
  const reason = (event) => (event.action === "wait" ? waitText(event.reason) : event.reason);
  return html`<div class="about">
    ${order.words && html`<p class="all">${order.words}</p>`}
    ${alarm?.response?.length > 0 && html`<section><h3>${t("alarm.steps")}</h3><ol class="steps">${alarm.response.map((step, i) => html`<li key=${i}>${name(step)}</li>`)}</ol></section>`}
    ${whole?.photos?.length > 0 && html`<section><h3>${t("service.photosTitle")}</h3><div class="photos">${whole.photos.map((photo) => html`<a key=${photo.photo} href=${`/api/v1/photos/${photo.photo}`} target="_blank" rel="noopener"><img src=${`/api/v1/photos/${photo.photo}`} alt=${word(`photo.${photo.what}`, photo.what)} /></a>`)}</div></section>`}
    ${said.length > 0 && html`<section><h3>${t("field.said")}</h3><ul>${said.map((event) => html`<li key=${event.seq}><b>${actorText(event.actor)}</b> ${stamp(event.happened, parkNow())} · ${actionText(event.action)} · ${[event.reason && reason(event), event.detail?.words].filter(Boolean).join(" · ")}</li>`)}</ul></section>`}
    <section><h3>${t("field.promises")}</h3><ul>${(order.clocks ?? []).map((clock) => html`<li key=${clock.kind}><b>${kindText(clock.kind)}</b> ${clockSentence(clock, order)}</li>`)}</ul></section>
    ${!whole && html`<p class="hint">${t("age.waiting")}</p>`}${whole?.text && html`<p class="hint">${whole.text}</p>`}</div>`;
}
