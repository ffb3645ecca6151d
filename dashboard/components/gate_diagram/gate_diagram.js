// @ts-check
// Gate weights on the wires of the diagram, as numbers and as line widths.

/** @import { Component, DiagramData } from "../types" */

const THINNEST_PX = 0.8;
const WIDEST_PX = 7;
const UNKNOWN_PX = 1.4; // of a wire without a weight

/**
 * @template {Element} T
 * @param {ParentNode} root
 * @param {string} selector
 * @param {new () => T} type
 * @returns {T}
 */
function find(root, selector, type) {
  const found = root.querySelector(selector);
  if (!(found instanceof type)) throw new Error(`The component's HTML lacks ${selector}.`);
  return found;
}

/** @param {Element} element */
function isDark(element) {
  const pen = new OffscreenCanvas(1, 1).getContext("2d");
  if (!pen) return false;
  pen.fillStyle = getComputedStyle(element).getPropertyValue("--st-background-color").trim() || "#ffffff";
  pen.fillRect(0, 0, 1, 1);
  const [red, green, blue] = pen.getImageData(0, 0, 1, 1).data;
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue < 128;
}

/**
 * The frame that the address asks for, or else that at which the player stood when the user left its page.
 * @param {string} subject
 * @returns {number}
 */
function startFrame(subject) {
  const asked = new URL(window.location.href).searchParams;
  const frame = asked.get("frame");
  if (frame !== null && /^\d{1,9}$/.test(frame) && asked.get("subject") === subject) return Number(frame);
  try {
    const left = JSON.parse(sessionStorage.getItem("iaca-cursor") ?? "null");
    return left?.subject === subject ? left.frame : 0;
  } catch {
    return 0;
  }
}

/** @param {string} frame */
function writeFrame(frame) {
  const url = new URL(window.location.href);
  url.searchParams.set("frame", frame);
  window.history.replaceState(window.history.state, "", url.href);
}

/** @param {DiagramData["weights"]} weights */
function columnsOf(weights) {
  /** @type {Map<string, ArrayLike<number>>} */
  const columns = new Map();
  weights.schema.fields.forEach(({ name }, i) => columns.set(name, weights.getChildAt(i)?.toArray() ?? []));
  return columns;
}

/** @param {Component<DiagramData>} component */
export default function ({ data, parentElement }) {
  const figure = find(parentElement, "figure", HTMLElement);
  const slider = find(parentElement, "input", HTMLInputElement);
  const time = find(parentElement, "output", HTMLOutputElement);
  const columns = columnsOf(data.weights);
  const times = columns.get("pts_s") ?? [];

  const paint = () => {
    const shade = isDark(figure) ? 1 : 0;
    for (const [name, pair] of Object.entries(data.colours)) figure.style.setProperty(`--${name}`, pair[shade]);
    const frame = Number(slider.value);
    for (const wire of parentElement.querySelectorAll("path")) {
      const { gate } = wire.dataset;
      if (!gate) continue;
      const weight = columns.get(gate)?.[frame] ?? NaN;
      const known = Number.isFinite(weight);
      wire.style.strokeWidth = `${known ? THINNEST_PX + weight * (WIDEST_PX - THINNEST_PX) : UNKNOWN_PX}px`;
      find(parentElement, `[data-value=${gate}]`, SVGElement).textContent = known ? weight.toFixed(2) : "–";
    }
    time.textContent = times.length ? `${frame} of ${times.length} · ${times[frame].toFixed(3)} s` : "";
  };

  find(parentElement, ".where", HTMLElement).hidden = times.length === 0;
  slider.max = String(Math.max(0, times.length - 1));
  if (figure.dataset.subject !== data.subject) slider.value = String(startFrame(data.subject));
  figure.dataset.subject = data.subject;
  slider.oninput = () => {
    paint();
    writeFrame(slider.value);
  };
  paint();
  const scheme = new MutationObserver(paint);
  scheme.observe(document.documentElement, { attributes: true, attributeFilter: ["class", "style"] });
  return () => scheme.disconnect();
}
