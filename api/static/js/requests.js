// Starts the page /requests: what one's company asked for, where it stands, and what it was worth.
import { html, render } from "./html.js";
import { t } from "./i18n/index.js";
import { keepReading, Page } from "./tenant/requests.js";
import { readSession } from "./tenant/wire.js";
import "./theme.js";

document.title = t("requests.title");
await readSession();
render(html`<${Page} />`, document.getElementById("wall"));
keepReading();
