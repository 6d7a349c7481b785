// The fields that an act of the desk needs. They stand where the act is, not before it.
import { html, useEffect, useLayoutEffect, useRef, useState } from "../html.js";
import { draft, type } from "../alarms/typed.js";
import { get } from "../alarms/wire.js";
import { t } from "../i18n/index.js";
import { actOnOrder, actOnRequest, field, form, sending, subjectOf, typed } from "./acting.js";

export function Line({ subject, name, label, focus, area, list, mode, most = 300 }) {
  const ref = useRef(null);
  const key = field(subject, name);
  useLayoutEffect(() => {
    if (focus) ref.current?.focus();
  }, []);
  const given = { ref, name, maxlength: most, autocomplete: "off", value: draft(key).value, onInput: (event) => type(key, event.currentTarget.value) };
  return html`<label class="line"><span>${label}</span>${area ? html`<textarea rows="2" ...${given}></textarea>` : html`<input ...${given} list=${list} inputmode=${mode} />`}</label>`;
}
export function Pick({ subject, name, label, options, focus }) {
  const ref = useRef(null);
  const key = field(subject, name);
  useLayoutEffect(() => {
    if (focus) ref.current?.focus();
  }, []);
  return html`<label class="line"><span>${label}</span><select ref=${ref} name=${name} value=${draft(key).value} onChange=${(event) => type(key, event.currentTarget.value)}>
    <option value="">—</option>${options.map(([value, text]) => html`<option key=${value} value=${value}>${text}</option>`)}</select></label>`;
}
/** `ready`: what has to be there before it can be sent. */
export function Form({ title, action, ready, onSend, children, text }) {
  const send = (event) => {
    event.preventDefault();
    if (ready && !sending.value) onSend();
  };
  return html`<form class="form" onSubmit=${send}><h3>${title}</h3>${children}
    <p class="buttons"><button class="primary" disabled=${!ready || Boolean(sending.value)}>${sending.value === action ? t("act.sending") : (text ?? t("service.do"))}</button>
      <button type="button" class="quiet" onClick=${() => { form.value = null; }}>${t("act.cancel")}</button></p></form>`;
}

function Assign({ order, subject }) {
  const can = (each) => Number(!(each.skills ?? []).includes(order.skill));
  const people = useItems("/people")?.filter((each) => each.active !== false && ["technician", "operator"].includes(each.role))
    .sort((a, b) => can(a) - can(b) || b.role.localeCompare(a.role) || a.name.localeCompare(b.name));
  const person = typed(subject, "person");
  const send = () => actOnOrder(order, "assign", { detail: { person }, fields: ["person"] });
  return html`<${Form} title=${t("service.form.assign")} action="assign" ready=${person} onSend=${send}>
    ${people?.length ? html`<${Pick} subject=${subject} name="person" label=${t("service.who")} focus options=${people.map((each) => [each.login, [each.name, (each.skills ?? []).join(" / ")].filter(Boolean).join(" · ")])} />`
      : html`<${Line} subject=${subject} name="person" label=${t("service.login")} focus most="64" />`}</${Form}>`;
}
function Priority({ order, subject }) {
  const [to, reason] = [typed(subject, "to"), typed(subject, "reason")];
  const others = ["P1", "P2", "P3", "P4"].filter((each) => each !== order.priority);
  return html`<${Form} title=${t("service.form.priority")} action="priority" ready=${to && reason} onSend=${() => actOnOrder(order, "priority", { reason, detail: { to }, fields: ["to", "reason"] })}>
    <${Pick} subject=${subject} name="to" label=${t("service.newPriority")} focus options=${others.map((each) => [each, t(`service.priority.${each}`)])} />
    <${Line} subject=${subject} name="reason" label=${t("act.reason")} /></${Form}>`;
}
/** An act that needs nothing but a reason: cancel, reject, reopen. */
const Reasoned = (action) => function ReasonedForm({ order, subject }) {
  const reason = typed(subject, "reason");
  return html`<${Form} title=${t(`service.form.${action}`)} action=${action} ready=${reason} text=${t(`service.act.${action}`)} onSend=${() => actOnOrder(order, action, { reason, fields: ["reason"] })}>
    <${Line} subject=${subject} name="reason" label=${t("act.reason")} focus /></${Form}>`;
};
function Comment({ order, subject }) {
  const words = typed(subject, "words");
  return html`<${Form} title=${t("service.form.comment")} action="comment" ready=${words} text=${t("service.act.comment")} onSend=${() => actOnOrder(order, "comment", { detail: { words }, fields: ["words"] })}>
    <${Line} subject=${subject} name="words" label=${t("journal.comment")} focus area most="500" /></${Form}>`;
}
const OF_ORDERS = { assign: Assign, priority: Priority, cancel: Reasoned("cancel"), reject: Reasoned("reject"), reopen: Reasoned("reopen"), comment: Comment };

/** A list of the API, asked when the form opens; null before it is there. */
export function useItems(path, parameters) {
  const [found, keep] = useState(null);
  useEffect(() => {
    let gone = false;
    get(path, parameters).then((answer) => !gone && keep(answer.ok ? (answer.data.items ?? answer.data) : []));
    return () => {
      gone = true;
    };
  }, [path]);
  return found;
}
function Department({ subject, now }) {
  const services = useItems("/services") ?? [];
  const others = [...new Set(services.map((each) => each.department))].filter((each) => each && each !== now).sort();
  return html`<${Pick} subject=${subject} name="department" label=${t("request.department")} focus options=${others.map((each) => [each, each])} />`;
}

/** An act on a request that needs its words: answer, transfer, decline, supervise, reopen, comment, quote. */
function OfRequest({ request, subject, action }) {
  const reason = typed(subject, "reason");
  const [department, amount] = [typed(subject, "department"), typed(subject, "amount").replace(",", ".")];
  const sum = /^\d{1,8}(\.\d{1,2})?$/.test(amount);
  const ready = reason && (action !== "transfer" || department) && (action !== "quote" || sum);
  const detail = action === "transfer" ? { department } : action === "quote" ? { amount, words: reason } : {};
  const send = () => actOnRequest(request, action, { ...(action !== "quote" && { reason }), detail, fields: ["reason", "department", "amount"] });
  return html`<${Form} title=${t(`request.form.${action}`)} action=${action} ready=${ready} text=${t(`request.act.${action}`)} onSend=${send}>
    ${action === "transfer" && html`<${Department} subject=${subject} now=${request.department} />`}
    ${action === "quote" && html`<${Line} subject=${subject} name="amount" label=${t("request.amount")} focus mode="decimal" most="12" />`}
    <${Line} subject=${subject} name="reason" label=${t(action === "quote" ? "request.quoteWords" : action === "answer" ? "request.answerWords" : "act.reason")} focus=${!["transfer", "quote"].includes(action)} area most="1000" /></${Form}>`;
}
export const REQUEST_FORMS = new Set(["answer", "transfer", "decline", "supervise", "reopen", "comment", "quote"]);
export const ORDER_FORMS = new Set(Object.keys(OF_ORDERS));

/** The form that is open, if one is. */
export function Forms({ order, request }) {
  const action = form.value;
  if (!action) return null;
  if (order && OF_ORDERS[action]) {
    const subject = subjectOf("order", order.work_order);
    const Shown = OF_ORDERS[action];
    return html`<${Shown} key=${`${subject} ${action}`} order=${order} subject=${subject} />`;
  }
  if (!request || !REQUEST_FORMS.has(action)) return null;
  const subject = subjectOf("request", request.request);
  return html`<${OfRequest} key=${`${subject} ${action}`} request=${request} subject=${subject} action=${action} />`;
}
