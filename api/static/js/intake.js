// Starts the page /intake: where messages are stuck, and who misbehaves.
import { findPark, follow, keepTime } from "./follow.js";
import { html, render } from "./html.js";
import { Page } from "./intake/page.js";
import { data } from "./store.js";
import { name, t } from "./i18n/index.js";

function title() {
  document.title = [name(data("park").name), t("intake.title")].filter(Boolean).join(" ");
}

keepTime();
render(html`<${Page} />`, document.getElementById("wall"));
title();

const park = await findPark();
if (park) follow(park, { snapshot: title });
