// Starts the page /take/…: what a link in a message opens.
import { html, render } from "./html.js";
import { t } from "./i18n/index.js";
import { Page, look } from "./sign-in/take.js";

document.title = t("take.title");
render(html`<${Page} />`, document.getElementById("wall"));
look();
