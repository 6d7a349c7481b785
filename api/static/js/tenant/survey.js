// The periodic survey among enterprises: five stars for the park as a whole, apart from those for single orders.
import { html, signal, useState } from "../html.js";
import { name, t } from "../i18n/index.js";
import { Trouble } from "./parts.js";
import { get, may, post } from "./wire.js";

const survey = signal(null);

export async function readSurveys() {
  if (!may("rate")) return;
  const answer = await get("/surveys");
  if (answer.ok) survey.value = answer.data.items.find((one) => one.open && one.stars === null) ?? null;
}

/** The one that is open and that nobody of this company has answered; else nothing. */
export function Survey() {
  const [stars, setStars] = useState(0);
  const [words, setWords] = useState("");
  const [trouble, setTrouble] = useState("");
  const one = survey.value;
  if (!one) return null;
  const submit = async (event) => {
    event.preventDefault();
    const answer = await post(`/surveys/${one.survey}/answer`, { stars, ...(words.trim() && { words: words.trim() }) });
    setTrouble(answer.ok ? "" : answer.text);
    if (answer.ok) survey.value = null;
  };
  return html`<form class="rating survey" onSubmit=${submit}><h3>${name(one.name)}</h3><div class="stars" role="radiogroup" aria-label=${name(one.name)}>
    ${[1, 2, 3, 4, 5].map((n) => html`<button type="button" key=${n} role="radio" aria-checked=${n === stars ? "true" : "false"} class=${n <= stars && "on"} aria-label=${t("requests.stars", { n })} onClick=${() => setStars(n)}>★</button>`)}</div>
    ${stars > 0 && html`<textarea rows="2" maxlength="2000" value=${words} placeholder=${t("requests.rateWords")} aria-label=${t("requests.rateWords")} onInput=${(event) => setWords(event.target.value)}></textarea><button class="primary">${t("requests.sendRating")}</button>`}
    <${Trouble} text=${trouble} /></form>`;
}
