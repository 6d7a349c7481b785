// The fields that an act needs: a name, a comment, a duration and a reason. They stand where the act is, not before it.
import { classes, html, useLayoutEffect, useRef } from "../html.js";
import { span } from "../format.js";
import { t } from "../i18n/index.js";
import { act, acknowledge, asking, field, form, sending } from "./acting.js";
import { actor, become, draft, signed, type } from "./typed.js";

const SHELF_MIN = [30, 60, 120, 240, 480]; // PARK_SHELF_HOURS allows eight hours by default

function useFocus() {
  const ref = useRef(null);
  useLayoutEffect(() => ref.current?.focus(), []);
  return ref;
}

/** A line of text that is kept as it is typed. */
export function Line({ name, label, focus, list }) {
  const ref = useFocus();
  return html`<label class="line"><span>${label}</span>
    <input ref=${focus ? ref : null} value=${draft(name).value} maxlength="300" autocomplete="off" list=${list}
      onInput=${(event) => type(name, event.currentTarget.value)} /></label>`;
}

/** Who acts: shown always, asked once. */
export function Actor() {
  if (signed.value) return html`<span class="actor">${t("actor.is", { name: signed.value.name })}</span>`;
  if (asking.value?.where === "bar") return html`<${AskActor} where="bar" />`;
  return html`<span class="actor">${actor.value ? t("actor.is", { name: actor.value }) : t("actor.none")}
    <button type="button" class="quiet" onClick=${() => { asking.value = { then() {}, where: "bar" }; }}>${t(actor.value ? "actor.change" : "actor.set")}</button></span>`;
}

/** The question for a name, where it was raised. */
export const AskActor = ({ where }) => (asking.value?.where === where ? html`<${Question} />` : null);

function Question() {
  const ref = useFocus();
  const submit = (event) => {
    event.preventDefault();
    const text = ref.current.value;
    if (!text.trim()) return ref.current.focus();
    const { then } = asking.value;
    become(text);
    asking.value = null;
    return then();
  };
  return html`<form class="ask" onSubmit=${submit}><label class="line"><span>${t("actor.who")}</span>
      <input ref=${ref} name="actor" maxlength="80" autocomplete="name" defaultValue=${actor.value} aria-label=${t("actor.name")} /></label>
    <button class="primary">${t("actor.keep")}</button>
    <button type="button" class="quiet" onClick=${() => { asking.value = null; }}>${t("act.cancel")}</button></form>`;
}

const Cancel = () => html`<button type="button" class="quiet" onClick=${() => { form.value = null; }}>${t("act.cancel")}</button>`;
const wait = (key, text) => (sending.value === key ? t("act.sending") : text);
const blank = (name) => !draft(name).value.trim();

function CommentForm({ alarm }) {
  const name = field(alarm.alarm, "comment");
  const text = draft(name).value.trim();
  const comment = () => act(alarm.alarm, "comment", { body: { comment: text }, fields: ["comment"] });
  return html`<form class="form" onSubmit=${(event) => { event.preventDefault(); if (text) comment(); }}>
    <label class="line"><span>${t("journal.comment")}</span><${Area} name=${name} /></label>
    <p class="buttons"><button disabled=${!text || sending.value} class="do">${wait("comment", t("act.comment"))}</button>
      ${!alarm.acknowledged && !alarm.hold && html`<button type="button" class="do" disabled=${sending.value}
        onClick=${() => acknowledge([alarm.alarm])}>${wait("acknowledge", t("act.acknowledgeWith"))}</button>`}<${Cancel} /></p></form>`;
}
function Area({ name }) {
  const ref = useFocus();
  return html`<textarea ref=${ref} rows="2" maxlength="500" value=${draft(name).value}
    onInput=${(event) => type(name, event.currentTarget.value)}></textarea>`;
}

function ShelveForm({ alarm }) {
  const name = field(alarm.alarm, "shelve-reason");
  const shelve = (minutes) => act(alarm.alarm, "shelve", { body: { minutes, reason: draft(name).value.trim() }, fields: ["shelve-reason"] });
  return html`<form class="form" onSubmit=${(event) => event.preventDefault()}><h3>${t("act.shelveTitle")}</h3>
    <${Line} name=${name} label=${t("act.reason")} focus />
    <p class="buttons">${SHELF_MIN.map((minutes) => html`<button key=${minutes} type="button" class="do" disabled=${blank(name) || sending.value}
      onClick=${() => shelve(minutes)}>${wait("shelve", t("act.shelveDo", { span: span(minutes * 60) }))}</button>`)}<${Cancel} /></p></form>`;
}

function OutForm({ alarm }) {
  const [owner, reason, whole] = ["owner", "out-reason", "whole"].map((name) => field(alarm.alarm, name));
  const ready = !blank(owner) && !blank(reason) && !sending.value;
  const out = (event) => {
    event.preventDefault();
    if (!ready) return;
    act(alarm.alarm, "out-of-service", { fields: ["owner", "out-reason", "whole"],
      body: { owner: draft(owner).value.trim(), reason: draft(reason).value.trim(), whole_device: draft(whole).value === "yes" } });
  };
  return html`<form class="form" onSubmit=${out}><h3>${t("act.outTitle")}</h3>
    <${Line} name=${owner} label=${t("act.owner")} focus /><${Line} name=${reason} label=${t("act.reason")} />
    ${alarm.subject?.device_id && html`<label class="check"><input type="checkbox" checked=${draft(whole).value === "yes"}
      onChange=${(event) => type(whole, event.currentTarget.checked ? "yes" : "")} /> ${t("act.wholeDevice")}</label>`}
    <p class="buttons"><button class=${classes("do")} disabled=${!ready}>${wait("out-of-service", t("act.outDo"))}</button><${Cancel} /></p></form>`;
}

/** The form that is open for an alarm, if one is. */
export function Forms({ alarm }) {
  const Shown = { comment: CommentForm, shelve: ShelveForm, "out-of-service": OutForm }[form.value];
  return Shown ? html`<${Shown} key=${`${form.value} ${alarm.alarm}`} alarm=${alarm} />` : null;
}
