// Where the words of a map go: each label takes the first of its places where it covers no other; what matters most
// chooses first, and a label without a place is left out, unless it must be seen.
const SVG = "http://www.w3.org/2000/svg";
const KEPT = 400;
const widths = new Map();
let ruler = null;

/** A text that nobody sees, in the page's own type: a canvas would not measure its tabular figures. */
function makeRuler() {
  const svg = document.createElementNS(SVG, "svg");
  svg.setAttribute("class", "ruler");
  svg.setAttribute("aria-hidden", "true");
  document.fonts.addEventListener("loadingdone", () => widths.clear());
  document.body.append(svg);
  return svg.appendChild(document.createElementNS(SVG, "text"));
}

/** Width of a text in design pixels at a size; measured, because Chinese and Latin differ by half. */
export function textWidth(text, size, weight = 400) {
  const key = `${weight} ${size} ${text}`;
  if (!widths.has(key)) {
    if (widths.size >= KEPT) widths.clear();
    ruler ??= makeRuler();
    ruler.setAttribute("font-size", size);
    ruler.setAttribute("font-weight", weight);
    ruler.textContent = text;
    widths.set(key, ruler.getComputedTextLength());
  }
  return widths.get(key);
}

const meets = (a, b) => a.x < b.x + b.w && b.x < a.x + a.w && a.y < b.y + b.h && b.y < a.y + a.h;

/**
 * labels: [{id, w, h, rank, must, places: [[x, y] of the centre, …]}] in design pixels; `taken`: boxes to keep clear;
 * bounds: {w, h}. Returns a Map id → [x, y] of the centre.
 */
export function place(labels, taken, bounds) {
  const boxes = [...taken];
  const found = new Map();
  for (const label of [...labels].sort((a, b) => b.rank - a.rank)) {
    const options = label.places.map(([x, y]) => ({ x: x - label.w / 2, y: y - label.h / 2, w: label.w, h: label.h }));
    const inside = (b) => b.x >= 0 && b.y >= 0 && b.x + b.w <= bounds.w && b.y + b.h <= bounds.h;
    const box = options.find((b) => inside(b) && !boxes.some((other) => meets(b, other)))
      ?? (label.must ? (options.find(inside) ?? options[0]) : null);
    if (!box) continue;
    boxes.push(box);
    found.set(label.id, [box.x + box.w / 2, box.y + box.h / 2]);
  }
  return found;
}
