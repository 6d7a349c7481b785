// Starts the page /report: what a QR code on a door or a machine leads to, and what tenants report from.
import { html, render } from "./html.js";
import { t } from "./i18n/index.js";
import { Page, read } from "./tenant/report.js";
import { readSession } from "./tenant/wire.js";
import "./theme.js";

document.title = t("report.title");
await readSession();
render(html`<${Page} />`, document.getElementById("wall"));
read();
addEventListener("online", read);
