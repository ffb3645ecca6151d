// @ts-check
// A list of moments; a click tells the page where to go.

/** @import { Component, MomentData, MomentEntry } from "../types" */

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

/**
 * @param {MomentEntry} entry
 * @param {boolean} dark
 */
function dotOf({ colour }, dark) {
  const dot = part("dot", "");
  dot.style.background = colour === "text" ? "currentColor" : colour[dark ? 1 : 0];
  return dot;
}

/** @type {WeakMap<HTMLElement, { of: string, setTriggerValue: Component<MomentData>["setTriggerValue"] }>} */
const drawn = new WeakMap();

/** @param {Component<MomentData>} component */
export default function ({ data, parentElement, setTriggerValue }) {
  const place = parentElement.querySelector(".moments");
  if (!(place instanceof HTMLElement)) throw new Error("The component's HTML is incomplete.");
  const dark = isDark(place);
  // A run of the page may come at any moment: a list that stays what it is stays where it is, also below a click.
  const of = JSON.stringify([data, dark]);
  const before = drawn.get(place)?.of;
  drawn.set(place, { of, setTriggerValue });
  if (of === before) return;
  const ranked = data.entries.some((entry) => entry.size);
  /** @type {(keyof typeof HEADS)[]} */
  const names = ["time", "subject", "kind", "sentence", "value"];
  const shown = names.filter((name) => (name !== "subject" || data.with_subjects) && (name !== "kind" || !ranked));
  place.className = `moments ${shown.join(" ")}`;

  /** @param {MomentEntry} entry */
  const itemOf = (entry) => {
    const { subject, second, kind } = entry;
    const button = document.createElement("button");
    button.type = "button";
    Object.assign(button.dataset, { kind, subject, second });
    button.append(dotOf(entry, dark), ...shown.map((name) => part(name, entry[name])));
    button.onclick = () => {
      drawn.get(place)?.setTriggerValue("chosen", { subject, second });
      document.dispatchEvent(new Event("iaca-show-player")); // choosing a moment means wanting to see it
    };
    const item = document.createElement("li");
    item.append(button);
    return item;
  };

  /** @param {MomentEntry[]} entries Of one kind, or of all of them. */
  const listOf = (entries) => {
    const list = document.createElement("ol");
    list.append(...entries.map(itemOf));
    if (!ranked) return [list];
    const [{ kind, size }] = entries;
    const title = document.createElement("h4");
    title.append(part("name", kind[0].toUpperCase() + kind.slice(1)), part("size", size));
    return [title, list];
  };

  const kinds = ranked ? [...new Set(data.entries.map((entry) => entry.kind))] : [null];
  const head = document.createElement("div");
  head.className = "head";
  head.ariaHidden = "true";
  head.append(...shown.map((name) => part(name, HEADS[name])));
  place.replaceChildren(
    ...(data.entries.length ? [head] : []),
    ...kinds.flatMap((kind) => {
      const entries = data.entries.filter((entry) => kind === null || entry.kind === kind);
      return entries.length ? listOf(entries) : [];
    }),
  );
}
