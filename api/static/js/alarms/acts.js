// The buttons of an alarm: one that comes first, the others after it; what is not offered says why.
import { classes, html } from "../html.js";
import { data } from "../store.js";
import { t } from "../i18n/index.js";
import { acknowledge, act, forbidden, form, possible, said, sending } from "./acting.js";
import { AskActor, Forms } from "./forms.js";

const FORMS = new Set(["comment", "shelve", "out-of-service"]);
/** What comes first, if it can be done now. */
const FIRST = ["acknowledge", "reset", "release"];

/** Does an act of an alarm, or opens its form. */
export function perform(alarm, verb) {
  if (!possible(alarm).includes(verb) || forbidden(alarm, verb) || sending.value) return;
  if (FORMS.has(verb)) form.value = form.value === verb ? null : verb;
  else if (verb === "acknowledge") acknowledge([alarm.alarm]);
  else act(alarm.alarm, verb);
}

/** The act that an alarm waits for; null where it waits for none. */
export const firstAct = (alarm) => FIRST.find((verb) => possible(alarm).includes(verb) && !forbidden(alarm, verb)) ?? null;

function Button({ alarm, verb, kind }) {
  const no = forbidden(alarm, verb);
  if (no) return null;
  const opened = form.value === verb;
  return html`<button type="button" class=${classes(kind, opened && "opened")} disabled=${Boolean(sending.value)} aria-expanded=${FORMS.has(verb) ? opened : undefined}
    onClick=${() => perform(alarm, verb)}>${sending.value === verb && !FORMS.has(verb) ? t("act.sending") : t(`act.${verb === "comment" ? "commentOpen" : verb}`)}</button>`;
}

/** What became of the last act, at its place. */
export function Said({ alarm }) {
  return said.value && said.value.alarm === alarm ? html`<p class=${classes("said", said.value.level)} role="alert">${said.value.text}</p>` : null;
}

export function Acts({ alarm }) {
  const verbs = possible(alarm);
  const first = firstAct(alarm);
  const reasons = [...new Set(verbs.map((verb) => forbidden(alarm, verb)).filter(Boolean))];
  return html`<div class="acts" id="acts">
    ${(alarm.closed || !verbs.length) && html`<p class="why-not">${t(data("alarms").read_only ? "act.readOnly" : "act.nothing")}</p>`}
    <div class="buttons">${first && html`<div class="first"><${Button} alarm=${alarm} verb=${first} kind="primary" /></div>`}
      ${verbs.filter((verb) => verb !== first).map((verb) => html`<${Button} key=${verb} alarm=${alarm} verb=${verb} kind="do" />`)}</div>
    ${reasons.map((text) => html`<p class="why-not" key=${text}>${text}</p>`)}
    <${AskActor} where="detail" />
    <${Forms} alarm=${alarm} /><${Said} alarm=${alarm.alarm} />
  </div>`;
}
