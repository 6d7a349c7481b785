// Starts the page /alarm-quality: whether alarms leave people time to respond, and what to do where they don't.
import { findPark, follow, keepTime } from "./follow.js";
import { html, render } from "./html.js";
import { Page } from "./alarm-quality/page.js";
import { keepAsking } from "./alarm-quality/answer.js";
import { data } from "./store.js";
import { name, t } from "./i18n/index.js";

function title() {
  document.title = [name(data("park").name), t("aq.title")].filter(Boolean).join(" ");
}

keepTime();
render(html`<${Page} />`, document.getElementById("wall"));
title();

const park = await findPark();
if (park) {
  keepAsking(park);
  follow(park, { snapshot: title });
}
