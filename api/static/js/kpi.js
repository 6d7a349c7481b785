// Starts the page /kpi: how the park keeps its promises, why not, and which ones are about to be broken.
import { findPark, follow, keepTime } from "./follow.js";
import { html, render } from "./html.js";
import { Page } from "./kpi/page.js";
import { keepAsking } from "./kpi/answer.js";
import { readSession } from "./orders/session.js";
import { data } from "./store.js";
import { name, t } from "./i18n/index.js";

function title() {
  document.title = [name(data("park").name), t("kpi.title")].filter(Boolean).join(" ");
}

keepTime();
render(html`<${Page} />`, document.getElementById("wall"));
title();
readSession();

const park = await findPark();
if (park) {
  keepAsking(park);
  follow(park, { snapshot: title });
}
