// The buttons of what stands beside the list: one that comes first, the others after it.
import { classes, html } from "../html.js";
import { may } from "../orders/session.js";
import { t } from "../i18n/index.js";
import { actOnOrder, actOnRequest, form, said, sending, subjectOf } from "./acting.js";
import { Forms, ORDER_FORMS, REQUEST_FORMS } from "./forms.js";

const ORDERS = ["confirm", "assign", "priority", "comment", "reopen", "reject", "cancel"];
const REQUESTS = ["answer", "quote", "start", "accept-quote", "decline-quote", "confirm", "transfer", "supervise", "comment", "reopen", "decline", "cancel"];

const QUOTED = new Set(["accept-quote", "decline-quote"]); // the desk says it for who told it so

const orderActs = (order) => ORDERS.filter((action) => order.possible?.includes(action));
const requestActs = (request) => REQUESTS.filter((action) => request.possible?.includes(action));
/** What it waits for: somebody to whom it is given, or a word whether it is over. */
const firstOrderAct = ({ state, verified, verify_s: wanted }) => (state === "done" ? (wanted && verified === "pending" ? null : "confirm") : ["new", "reopened"].includes(state) ? "assign" : null);
const firstRequestAct = (request) => (["received", "accepted", "in_progress"].includes(request.state) ? ["quote", "answer"].find((action) => request.possible?.includes(action)) ?? null : null);

/** Does an act, or opens its form; a second time closes it. */
export function perform({ order, request }, action) {
  if (sending.value || !(order ? orderActs(order) : requestActs(request)).includes(action)) return;
  if ((order ? ORDER_FORMS : REQUEST_FORMS).has(action)) form.value = form.value === action ? null : action;
  else if (order) actOnOrder(order, action);
  else actOnRequest(request, action, { detail: QUOTED.has(action) ? { quote: request.quotes?.find((quote) => !quote.answer)?.quote } : {} });
}

function Buttons({ given, actions, first, label, forms }) {
  return html`<div class="buttons">${[...actions.filter((action) => action === first), ...actions.filter((action) => action !== first)].map((action) => html`<button type="button" key=${action}
    class=${classes(action === first ? "primary" : "act", form.value === action && "opened")} data-act=${action} disabled=${Boolean(sending.value)} aria-expanded=${forms.has(action) ? form.value === action : undefined}
    onClick=${() => perform(given, action)}>${sending.value === action && !forms.has(action) ? t("act.sending") : label(action)}</button>`)}</div>`;
}
const Said = ({ subject }) => (said.value?.subject === subject ? html`<p class="said" role="alert">${said.value.text}</p>` : null);
const dots = (text, more) => (more ? `${text}…` : text);

export function OrderActs({ order }) {
  const actions = orderActs(order);
  return html`<div class="acts" id="acts">
    ${!actions.length && html`<p class="why-not">${t(may("order.dispatch") ? "service.nothing" : "service.readOnly")}</p>`}
    <${Buttons} given=${{ order }} actions=${actions} first=${firstOrderAct(order)} forms=${ORDER_FORMS} label=${(action) => dots(t(`service.act.${action}`), ORDER_FORMS.has(action))} />
    <${Forms} order=${order} /><${Said} subject=${subjectOf("order", order.work_order)} /></div>`;
}
export function RequestActs({ request }) {
  const actions = requestActs(request);
  return html`<div class="acts" id="acts">
    ${!actions.length && html`<p class="why-not">${t("service.nothing")}</p>`}
    <${Buttons} given=${{ request }} actions=${actions} first=${firstRequestAct(request)} forms=${REQUEST_FORMS} label=${(action) => dots(t(`request.act.${action}`), REQUEST_FORMS.has(action))} />
    <${Forms} request=${request} /><${Said} subject=${subjectOf("request", request.request)} /></div>`;
}
