// Starts the page /rooms: which rooms are free when, and booking one.
import { html, render } from "./html.js";
import { t } from "./i18n/index.js";
import { keepReading, Page } from "./tenant/rooms.js";
import { readSession } from "./tenant/wire.js";
import "./theme.js";

document.title = t("rooms.title");
await readSession();
render(html`<${Page} />`, document.getElementById("wall"));
keepReading();
