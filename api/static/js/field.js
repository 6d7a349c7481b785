// Starts the page /field: a technician's orders, and what is done to them, with or without a signal.
import { findPark, follow, keepTime } from "./follow.js";
import { html, render } from "./html.js";
import { Page } from "./field/page.js";
import { orderOf, orders, refresh, takeIn } from "./field/ledger.js";
import { keepOffset } from "./field/offset.js";
import { onArrival, wake } from "./field/sender.js";
import { readSession, session } from "./orders/session.js";
import { t } from "./i18n/index.js";
import "./theme.js";

const POLL_MS = 5000;
const SOON_MS = 150; // a flood of notices is read a few times a second, not once for each

document.title = t("field.title");
keepTime();
await readSession();
render(html`<${Page} />`, document.getElementById("wall"));

let soon = null;
const read = () => {
  if (!session.value) readSession(); // whose orders these are
  soon ??= setTimeout(() => {
    soon = null;
    refresh();
  }, SOON_MS);
};
onArrival((number, order) => {
  if (order?.work_order) takeIn({ ...orderOf(number), ...order });
  read();
});
keepOffset();
refresh();
wake(); // what an earlier visit could not send
addEventListener("online", () => {
  wake();
  read();
});
document.addEventListener("visibilitychange", () => {
  if (document.visibilityState !== "visible") return;
  wake();
  read();
});
setInterval(() => {
  if (document.visibilityState === "visible" || orders.value === null) read();
}, POLL_MS);

const park = await findPark();
if (park) follow(park, { staysOpen: true, order: read, snapshot() {
  wake();
  read();
} });
