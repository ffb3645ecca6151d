// Weights on the wires: as numbers, and as the width of the wire.

const THINNEST_PX = 0.8;
const WIDEST_PX = 7;

function dark(element) {
  const context = new OffscreenCanvas(1, 1).getContext("2d");
  context.fillStyle = getComputedStyle(element).getPropertyValue("--st-background-color").trim() || "#ffffff";
  context.fillRect(0, 0, 1, 1);
  const [red, green, blue] = context.getImageData(0, 0, 1, 1).data;
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue < 128;
}

// Where the player stood when the page was left.
function startFrame(subject) {
  try {
    const left = JSON.parse(sessionStorage.getItem("iaca-cursor"));
    return left?.subject === subject ? left.frame : 0;
  } catch {
    return 0;
  }
}

export default function ({ data, parentElement }) {
  const find = (selector) => parentElement.querySelector(selector);
  const figure = find("figure");
  const slider = find("input");
  const columns = Object.fromEntries(data.weights.schema.fields.map((field, i) => [field.name, data.weights.getChildAt(i).toArray()]));
  const times = columns.pts_s ?? [];
  const paint = () => {
    for (const [name, pair] of Object.entries(data.colours)) figure.style.setProperty(`--${name}`, pair[dark(figure) ? 1 : 0]);
    const frame = Number(slider.value);
    for (const wire of parentElement.querySelectorAll("path[data-gate]")) {
      const weight = columns[wire.dataset.gate]?.[frame];
      const known = Number.isFinite(weight);
      wire.style.strokeWidth = `${known ? THINNEST_PX + weight * (WIDEST_PX - THINNEST_PX) : 1.4}px`;
      find(`[data-value=${wire.dataset.gate}]`).textContent = known ? weight.toFixed(2) : "–";
    }
    find("output").textContent = times.length ? `${frame} of ${times.length} · ${times[frame].toFixed(3)} s` : "";
  };
  find(".where").hidden = times.length === 0;
  slider.max = Math.max(0, times.length - 1);
  if (figure.dataset.subject !== data.subject) slider.value = startFrame(data.subject);
  figure.dataset.subject = data.subject;
  slider.oninput = paint;
  paint();
  const scheme = new MutationObserver(paint);
  scheme.observe(document.documentElement, { attributes: true, attributeFilter: ["class", "style"] });
  return () => scheme.disconnect();
}
