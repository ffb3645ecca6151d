// @ts-check
// A list of moments; a click tells the page where to go.

/** @import { Component, MomentData } from "../types" */

const HEADS = { time: "Time", subject: "Subject", kind: "Kind", sentence: "What happens", value: "Size" };

/** @param {Element} element */
function isDark(element) {
  const pen = new OffscreenCanvas(1, 1).getContext("2d");
  if (!pen) return false;
  pen.fillStyle = getComputedStyle(element).getPropertyValue("--st-background-color").trim() || "#fff";
  pen.fillRect(0, 0, 1, 1);
  const [red, green, blue] = pen.getImageData(0, 0, 1, 1).data;
  return 0.299 * red + 0.587 * green + 0.114 * blue < 128;
}

/**
 * @param {string} className
 * @param {string} textContent
 */
function part(className, textContent) {
  return Object.assign(document.createElement("span"), { className, textContent });
}

/** @param {Component<MomentData>} component */
export default function ({ data, parentElement, setTriggerValue }) {
  const list = parentElement.querySelector(".list");
  const head = parentElement.querySelector(".head");
  if (!(list instanceof HTMLElement && head instanceof HTMLElement))
    throw new Error("The component's HTML is incomplete.");
  const dark = isDark(list);
  /** @type {(keyof typeof HEADS)[]} */
  const names = data.with_subjects
    ? ["time", "subject", "kind", "sentence", "value"]
    : ["time", "kind", "sentence", "value"];
  head.replaceChildren(...names.map((name) => part(name, HEADS[name])));
  head.hidden = !data.entries.length;
  for (const element of [head, list]) element.classList.toggle("everybody", data.with_subjects);
  list.replaceChildren(
    ...data.entries.map((entry) => {
      const { subject, second, kind, colour } = entry;
      const dot = part("dot", "");
      dot.style.background = colour === "text" ? "currentColor" : colour[dark ? 1 : 0];
      const button = document.createElement("button");
      button.type = "button";
      Object.assign(button.dataset, { kind, subject, second });
      button.append(dot, ...names.map((name) => part(name, entry[name])));
      button.onclick = () => {
        setTriggerValue("chosen", { subject, second });
        document.dispatchEvent(new Event("iaca-show-player")); // choosing a moment means wanting to see it
      };
      const item = document.createElement("li");
      item.append(button);
      return item;
    }),
  );
}
