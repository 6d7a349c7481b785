// The park itself: every building from its real footprint and height, marked where something needs a look; entrances
// with the people going through them now.
import { classes, html, useMemo } from "../html.js";
import { data, freshness, geometry, intakeSilent } from "../store.js";
import { alarmLooks } from "../alarms/wall.js";
import { priorityText } from "../alarms/words.js";
import { doorLevel, lookOf, sameName } from "../findings.js";
import { Tile } from "../tile.js";
import { Verdict } from "./verdict.js";
import { entrances } from "../draw/gates.js";
import { place, textWidth } from "../draw/labels.js";
import { project } from "../draw/iso.js";
import { fit, raise, scene } from "../draw/scene.js";
import { useSize } from "../draw/size.js";
import { DASH, known, number } from "../format.js";
import { name, t } from "../i18n/index.js";

const MARGIN = 18;
const ENTRANCE = 34; // gates nearer than this on the picture are one entrance
const SMALL = { below: 560, by: 0.8 }; // a phone's picture: smaller words and rings
const STOREY_LEAST = 7; // floors closer than this on the picture would be a grey, not lines
const LABEL = { size: 17, h: 24, pad: 10 };
const RING = { least: 7, most: 26, perRoot: 2.6 }; // area follows the people per minute

const text = (points) => points.map(([x, y]) => `${x.toFixed(1)},${y.toFixed(1)}`).join(" ");

/** What each building looks like: {look, n, offline, unknown} by space id; look is a priority, stale or "", n its alarms. */
function looks(solids) {
  const states = new Map((data("spaces").buildings ?? []).map((b) => [b.space_id, b]));
  const alarms = alarmLooks();
  const troubled = (data("sensors").items ?? []).map((item) => [lookOf(item), item.building]);
  return new Map(solids.map(({ id, name: names }) => {
    const state = states.get(id);
    const { look: priority, n = 0 } = alarms.get(id) ?? {};
    const of = (level) => priority === level || troubled.some(([l, building]) => l === level && sameName(building, names));
    const heard = known(state?.online) ? state.online : 0;
    const dark = !state || (state.devices > 0 && heard === 0) || freshness.spaces.value !== "fresh";
    const look = of("critical") ? "critical" : of("high") ? "high" : priority === "medium" ? "medium" : dark ? "stale" : "";
    return [id, { look, priority, n, offline: state?.offline ?? 0, unknown: state?.unknown ?? 0 }];
  }));
}

function Solid({ solid, look, to, scale }) {
  const every = Math.ceil(STOREY_LEAST / ((scale * solid.height) / (solid.levels.length + 1)));
  const visible = solid.levels.filter((_, i) => (i + 1) % every === 0);
  const face = ({ from, to: end }, z0, z1) => text([project(from, z0), project(end, z0), project(end, z1), project(from, z1)].map(to));
  return html`<g class=${classes("solid", look)}>
    <title>${name(solid.name, solid.id)}</title>
    ${solid.faces.map((wall, i) => html`<g key=${i}>
      <polygon class=${wall.light > 0.5 ? "side right" : "side left"} points=${face(wall, 0, solid.height)} />
      ${visible.map((z) => {
        const [a, b] = [to(project(wall.from, z)), to(project(wall.to, z))];
        return html`<line key=${z} class="storey" x1=${a[0]} y1=${a[1]} x2=${b[0]} y2=${b[1]} />`;
      })}
    </g>`)}
    <polygon class="roof" points=${text(solid.top.map(to))} />
    ${look === "stale" && html`<polygon class="hatch" points=${text(solid.top.map(to))} />`}
  </g>`;
}

/** What stands beside a building's name: its worst alarm in a word, else how many devices are silent. */
function badge(state) {
  if (state.priority) return state.n > 1 ? `${priorityText(state.priority)} ${number(state.n)}` : priorityText(state.priority);
  if (state.offline) return t("map.offline", { n: number(state.offline) });
  return state.unknown ? t("map.unknown", { n: number(state.unknown) }) : "";
}

function Label({ at, label, size }) {
  const { w, h } = label;
  return html`<g class=${classes("label", label.look)} transform="translate(${at[0].toFixed(1)} ${at[1].toFixed(1)})">
    ${label.look === "critical" && html`<rect x=${-w / 2} y=${-h / 2} width=${w} height=${h} rx="4" />`}
    <text x=${-w / 2 + LABEL.pad / 2} y=${size * 0.35} font-size=${size}>${label.text}${label.badge && html`<tspan class=${label.silent ? "more silent" : "more"} dx="7">${label.badge}</tspan>`}</text>
  </g>`;
}

function Entrance({ gate, stale, rate, by }) {
  const state = stale ? "unknown" : gate.state;
  const radius = by * Math.min(RING.most, RING.least + RING.perRoot * Math.sqrt(Math.max(0, rate ?? 0)));
  return html`<g class=${classes("entrance", state, gate.door && "door", gate.alarm && `alarm ${gate.alarm}`)} transform="translate(${gate.xy[0].toFixed(1)} ${gate.xy[1].toFixed(1)})">
    ${gate.up > 0 && html`<line class="stem" y2=${(gate.foot[1] - gate.xy[1]).toFixed(1)} />`}
    ${(!gate.door || gate.alarm) && html`<circle class="ring" r=${(gate.alarm ? Math.max(radius, by * 11) : radius).toFixed(1)} />`}<circle class="dot" r=${gate.door && !gate.alarm ? 2.5 : 4} />
  </g>`;
}

const rate = (perMinute) => number(perMinute, perMinute > 0 && perMinute < 9.95 ? 1 : 0);
const flowText = (gate, stale) => intakeSilent.value !== null ? t("map.flow", { in: DASH, out: DASH }) :
  stale || gate.state !== "online" ? t(gate.state === "offline" && !stale ? "map.gateOffline" : "map.gateUnknown")
  : t("map.flow", { in: rate(gate.in), out: rate(gate.out) });

/** The entrances that can be seen: a building's own door (named after it) only from its front or with an alarm, a gate of the park always. */
function standing(park, reach) {
  const gates = (data("people").gates ?? []).map((gate) => ({
    ...gate,
    label: name(gate.name, gate.device_id),
    alarm: doorLevel(gate.door),
    at: known(gate.lon) && known(gate.lat) ? park.at([gate.lon, gate.lat]) : null,
  }));
  const ofBuilding = (label) => park.solids.some((solid) => label.startsWith(name(solid.name, "\n")));
  return entrances(gates, reach)
    .map((gate) => ({ ...gate, up: raise(park.solids, gate.at), door: ofBuilding(gate.label) }))
    .filter((gate) => gate.alarm || !(gate.door && gate.up));
}

/** Labels of buildings and entrances with their wishes: on the roof, above, beside. A small picture has building names only. */
function labels(picture, gates, stale, size, small) {
  const wish = (id, words, extra, rank, must, places, look, silent = false) => {
    const weight = look === "critical" ? 700 : 500; // as css/overview-tiles.css draws it
    const w = textWidth(words, size, weight) + (extra ? textWidth(extra, size, weight) + 7 : 0) + LABEL.pad;
    return { id, text: words, badge: extra, look, silent, rank, must, w, h: (LABEL.h * size) / LABEL.size, places: places(w) };
  };
  const around = ([x, y], gap) => (w) => [[x, y], [x, y - gap], [x, y + gap], [x + w / 2 + gap, y], [x - w / 2 - gap, y]];
  const beside = ([x, y], r) => (w) => [[x + w / 2 + r, y], [x - w / 2 - r, y], [x, y + r + 12], [x, y - r - 12]];
  return [
    ...picture.solids.map(({ solid, state, middle }) => wish(solid.id, name(solid.name, solid.id), small ? "" : badge(state),
      (state.look ? 100 : state.offline ? 50 : 10) + solid.height / 1000, // of equals the highest chooses first
      small ? ["critical", "high", "medium"].includes(state.look) : Boolean(state.look || state.offline),
      around(middle, 22), state.look, !state.priority && state.offline > 0)),
    ...gates.filter((gate) => !gate.door && !small).map((gate) => wish(`gate ${gate.id}`, gate.label, flowText(gate, stale),
      20, false, beside(gate.xy, 14), classes("gate", stale ? "unknown" : gate.state, gate.alarm && `alarm ${gate.alarm}`))),
    ...picture.flats.filter(({ flat }) => !flat.street).map(({ flat, middle }) => wish(flat.id, name(flat.name, flat.id), "",
      1, false, around(middle, 22), "plot-name")),
  ];
}

function Picture({ park, w, h }) {
  const small = w < SMALL.below;
  const by = small ? SMALL.by : 1;
  const size = LABEL.size * by;
  const { scale, to } = fit(park.box, w, h, MARGIN * by);
  const states = looks(park.solids);
  const stale = freshness.people.value !== "fresh" || intakeSilent.value !== null;
  const gates = standing(park, (ENTRANCE * by) / scale).map((gate) => {
    const foot = to(gate.at);
    return { ...gate, foot, xy: [foot[0], foot[1] - gate.up * scale] };
  });
  const picture = {
    solids: park.solids.map((solid) => ({ solid, state: states.get(solid.id), middle: to(solid.middle) })),
    flats: park.flats.map((flat) => ({ flat, middle: to(flat.middle) })),
  };
  const wishes = labels(picture, gates, stale, size, small);
  const dots = gates.filter((gate) => !gate.door).map(({ xy: [x, y] }) => ({ x: x - 9, y: y - 9, w: 18, h: 18 }));
  const marks = small ? picture.solids.filter(({ state }) => state.look === "critical" || state.offline > 0) : []; // there is no room for words
  const places = place(wishes, [...dots, ...marks.map(({ middle: [x, y] }) => ({ x: x - 5, y: y - 5, w: 10, h: 10 }))], { w, h });
  return html`<svg viewBox="0 0 ${w} ${h}" role="img" aria-label=${t("map.title")}>
    <defs>
      <pattern id="hatching" width="8" height="8" patternUnits="userSpaceOnUse" patternTransform="rotate(45)">
        <line x1="0" y1="0" x2="0" y2="8" /></pattern>
      ${park.ground && html`<clipPath id="ground"><polygon points=${text(park.ground.outline.map(to))} /></clipPath>`}
    </defs>
    ${park.ground && html`<polygon class="ground" points=${text(park.ground.outline.map(to))} />`}
    <g class="grid" clip-path="url(#ground)">${park.grid.map(([a, b], i) => {
      const [p, q] = [to(a), to(b)];
      return html`<line key=${i} x1=${p[0]} y1=${p[1]} x2=${q[0]} y2=${q[1]} />`;
    })}</g>
    ${picture.flats.map(({ flat }) => html`<polygon key=${flat.id} class=${flat.street ? "street" : "plot"} points=${text(flat.outline.map(to))} />`)}
    ${picture.solids.map(({ solid, state }) => html`<${Solid} key=${solid.id} solid=${solid} look=${state.look} to=${to} scale=${scale} />`)}
    ${gates.map((gate) => html`<${Entrance} key=${gate.id} gate=${gate} stale=${stale} by=${by} rate=${known(gate.in) ? gate.in + (gate.out ?? 0) : null} />`)}
    ${marks.map(({ solid, state, middle: [x, y] }) => html`<circle key=${`mark ${solid.id}`} class=${classes("mark-offline", state.look)} cx=${x.toFixed(1)} cy=${y.toFixed(1)} r="4.5" />`)}
    ${wishes.filter((label) => places.has(label.id)).map((label) => html`<${Label} key=${label.id} at=${places.get(label.id)} label=${label} size=${size} />`)}
  </svg>`;
}

export function ParkMap() {
  const spaces = geometry.value;
  const [ref, { w, h }] = useSize();
  const gates = (data("people").gates ?? []).filter((g) => known(g.lon) && known(g.lat)).map((g) => [g.lon, g.lat]);
  const park = useMemo(() => (spaces ? scene(spaces, gates) : null), [spaces, JSON.stringify(gates)]);
  const names = new Map((spaces ?? []).map((s) => [s.space_id, name(s.name, s.space_id)]));
  return html`<${Tile} of="spaces" id="map" title=${t("map.title")} kind="map">
    <${Verdict} nameOf=${(id) => names.get(id) ?? id} />
    <div class="picture" ref=${ref}>${park && h > 0 && html`<${Picture} park=${park} w=${w} h=${h} />`}
      ${!park && html`<p class="empty">${spaces ? t("map.none") : t("age.waiting")}</p>`}</div>
    <p class="legend"><span>${t("map.legend")}</span>${park?.ground && html`<span>${t("map.grid")}</span>`}</p>
  </${Tile}>`;
}
