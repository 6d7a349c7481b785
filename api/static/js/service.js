// Starts the page /service: what is open, what is due, who is on it, and what people asked for.
import { findPark, follow, keepTime } from "./follow.js";
import { html, render } from "./html.js";
import { data } from "./store.js";
import { name, t } from "./i18n/index.js";
import { readSession, may } from "./orders/session.js";
import { listen } from "./service/keys.js";
import { orders } from "./service/orders.js";
import { Page } from "./service/page.js";
import { requests } from "./service/requests.js";
import "./theme.js";

const POLL_MS = 15000; // what no notice told of
const SOON_MS = 250; // a flood of notices is read a few times a second, not once for each

const title = () => {
  document.title = [name(data("park").name), t("service.title")].filter(Boolean).join(" ");
};
const draw = (park) => render(html`<${Page} park=${park} />`, document.getElementById("wall"));

keepTime();
draw(null);
title();
listen();
await readSession();

const waiting = new Map();
function read(ledger, allowed) {
  if (!allowed || waiting.has(ledger)) return;
  waiting.set(ledger, setTimeout(() => {
    waiting.delete(ledger);
    ledger.refresh();
  }, SOON_MS));
}
const readOrders = () => read(orders, may("order.read", "order.read.own"));
const readRequests = () => read(requests, may("request.read"));
const both = () => {
  readOrders();
  readRequests();
};

const park = await findPark();
if (park) {
  draw(park);
  follow(park, {
    staysOpen: true,
    snapshot() {
      title();
      both();
    },
    order: readOrders,
    request: readRequests,
  });
  setInterval(both, POLL_MS);
  both();
}
