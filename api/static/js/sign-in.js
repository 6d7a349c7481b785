// Starts the page /sign-in.
import { html, render } from "./html.js";
import { t } from "./i18n/index.js";
import { Page, welcome } from "./sign-in/page.js";

document.title = t("signIn.title");
render(html`<${Page} />`, document.getElementById("wall"));
welcome();
