// What lies over the list at thumb height: the little that an act needs, and the acts that are not the first.
import { classes, html, useEffect, useRef, useState } from "../html.js";
import { clockTime } from "../time.js";
import { draft, type } from "../alarms/typed.js";
import { t } from "../i18n/index.js";
import { actionText, numberText, placeText, titleText, waitText } from "../orders/words.js";
import { act, addPhoto, armed, field, open, photosOf, removePhoto, sheet, shut, typed } from "./acting.js";
import { About } from "./about.js";
import { perform } from "./card.js";
import { orderOf, stateOf } from "./ledger.js";
import { firstAct, otherActs, WAITS } from "./moves.js";
import { mine } from "./queue.js";
import { wake } from "./sender.js";

const RELEASES = ["skill", "elsewhere", "shift"];
const off = () => !armed.value;

function Words({ order, kind, label }) {
  const key = field(order, `${kind}-words`);
  return html`<label class="line"><span>${label}</span>
    <textarea rows="2" maxlength="500" value=${draft(key).value} onInput=${(event) => type(key, event.currentTarget.value)}></textarea></label>`;
}

function Photos({ order, kind }) {
  const [wrong, say] = useState("");
  const [busy, work] = useState(false);
  const list = photosOf(order, kind);
  const taken = async (event) => {
    const [file] = event.currentTarget.files;
    event.currentTarget.value = "";
    if (!file) return;
    work(true);
    say("");
    await addPhoto(order, kind, file).catch(() => say(t("field.noPicture")));
    work(false);
  };
  return html`<div class="photos">${list.map((photo) => html`<button type="button" class="shot" key=${photo.key} aria-label=${t("field.removePhoto")}
      onClick=${() => removePhoto(order, kind, photo.key)}><img src=${photo.preview} alt="" /><i>×</i></button>`)}
    <label class="camera"><input type="file" accept="image/*" capture="environment" onChange=${taken} disabled=${busy} />
      <span>${busy ? t("field.reading") : t(list.length ? "field.another" : "field.takePhoto")}</span></label>
    ${wrong && html`<p class="wrong" role="alert">${wrong}</p>`}</div>`;
}

const Go = ({ text, onClick, disabled }) => html`<button type="button" class="primary" disabled=${off() || disabled} onClick=${onClick}>${text}</button>`;

function Arrive({ order }) {
  const key = field(order.work_order, "arrive-code");
  const code = draft(key).value.trim();
  return html`<label class="line"><span>${t("field.code")}</span><input class="code" inputmode="text" autocapitalize="characters" autocomplete="off" maxlength="12"
      value=${draft(key).value} onInput=${(event) => type(key, event.currentTarget.value)} /></label>
    <p class="hint">${t(code ? "field.withCode" : "field.claimed")}</p>
    <${Go} text=${t("field.act.arrive")} onClick=${() => act(order, "arrive", { detail: code ? { proof: "code", code } : {} })} />`;
}
function Finish({ order }) {
  const number = order.work_order;
  const away = stateOf(order) !== "on_site"; // somebody forgot to say that they came, or never had to
  const done = (remote) => act(order, "finish", { detail: { ...(photosOf(number, "finish").length && { what: "after" }), ...(away && { remote }) } });
  return html`<${Photos} order=${number} kind="finish" /><${Words} order=${number} kind="finish" label=${t("field.whatDone")} />
    <${Go} text=${t(away ? "field.doneThere" : "field.act.finish")} onClick=${() => done(false)} />
    ${away && html`<button type="button" class="second" disabled=${off()} onClick=${() => done(true)}>${t("field.doneRemote")}</button>`}`;
}
function Wait({ order }) {
  return html`<${Words} order=${order.work_order} kind="wait" label=${t("field.mayAdd")} />
    <div class="choices">${WAITS.map((reason) => html`<button type="button" key=${reason} disabled=${off()}
      onClick=${() => act(order, "wait", { reason })}>${waitText(reason)}</button>`)}</div>`;
}
function Release({ order }) {
  const key = field(order.work_order, "release-reason");
  const own = draft(key).value.trim();
  const back = (reason) => act(order, "release", { reason });
  return html`<div class="choices">${RELEASES.map((reason) => html`<button type="button" key=${reason} disabled=${off()}
      onClick=${() => back(t(`field.release.${reason}`))}>${t(`field.release.${reason}`)}</button>`)}</div>
    <label class="line"><span>${t("field.otherReason")}</span><input maxlength="300" autocomplete="off" value=${draft(key).value} onInput=${(event) => type(key, event.currentTarget.value)} /></label>
    <${Go} text=${t("field.act.release")} disabled=${!own} onClick=${() => back(own)} />`;
}
function Comment({ order }) {
  return html`<${Photos} order=${order.work_order} kind="comment" /><${Words} order=${order.work_order} kind="comment" label=${t("field.yourWords")} />
    <${Go} text=${t("field.act.comment")} disabled=${!typed(order.work_order, "comment-words") && !photosOf(order.work_order, "comment").length}
      onClick=${() => act(order, typed(order.work_order, "comment-words") ? "comment" : "photo", { kind: "comment" })} />`;
}
function Photo({ order }) {
  return html`<${Photos} order=${order.work_order} kind="photo" />
    <${Go} text=${t("field.act.photo")} disabled=${!photosOf(order.work_order, "photo").length} onClick=${() => act(order, "photo")} />`;
}
function More({ order }) {
  const state = stateOf(order);
  return html`<button type="button" class="second" disabled=${off()} onClick=${() => open(order.work_order, "about")}>${t("field.sheet.about")}</button>
    <div class="choices">${otherActs(state, firstAct(state, order)).map((action) => html`<button type="button" key=${action} disabled=${off()}
    onClick=${() => perform(order, action)}>${t(`field.act.${action}`)}</button>`)}</div>`;
}
function Queued() {
  return html`<ol class="queue">${mine.value.map((each) => html`<li key=${each.client_id}><b>${actionText(each.action)}</b>
      <span>${each.title}</span><i>${t("field.tappedAt", { at: clockTime(Date.parse(each.body.device_time) + each.body.offset_s * 1000) })}</i></li>`)}</ol>
    <p class="hint">${t("field.queueHint")}</p>
    <${Go} text=${t("field.sendNow")} onClick=${() => { wake(); shut(); }} />`;
}
const KINDS = { arrive: Arrive, finish: Finish, wait: Wait, release: Release, comment: Comment, photo: Photo, more: More, about: About, queue: Queued };

/** The sheet that is open, if one is; its back button of the phone closes it. */
export function Sheet() {
  const ref = useRef(null);
  const asked = sheet.value;
  const order = asked && asked.kind !== "queue" ? orderOf(asked.order) : null;
  const shown = asked && (order || asked.kind === "queue");
  useEffect(() => {
    if (!shown) return undefined;
    ref.current?.focus({ preventScroll: true });
    const key = (event) => event.key === "Escape" && shut();
    addEventListener("keydown", key);
    return () => removeEventListener("keydown", key);
  }, [asked?.kind, asked?.order]);
  if (!shown) return null;
  const Shown = KINDS[asked.kind];
  return html`<div class="veil" onClick=${shut}></div>
    <section class=${classes("drawer", `for-${asked.kind}`)} ref=${ref} tabindex="-1" role="dialog" aria-modal="true" aria-label=${t(`field.sheet.${asked.kind}`)}>
      <header><div><h2>${t(`field.sheet.${asked.kind}`)}</h2>${order && html`<p>${numberText(order)} · ${titleText(order)} · ${placeText(order)}</p>`}</div>
        <button type="button" class="close" onClick=${shut}>${["more", "about", "queue"].includes(asked.kind) ? t("field.close") : t("act.cancel")}</button></header>
      <${Shown} key=${`${asked.kind} ${asked.order}`} order=${order} /></section>`;
}
export const openQueue = () => open(null, "queue");
