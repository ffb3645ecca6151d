// @ts-check
// The link to the current view, and a report of what only the browser knows: range and rows.

/** @import { Component, Place } from "../types" */

const UPDATE_MS = 250; // between a change of place and the update of link and report

/** @type {WeakMap<ParentNode, AbortController>} */
const listening = new WeakMap();
/** @type {WeakMap<ParentNode, string>} */
const reported = new WeakMap();

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

/** @param {Place | undefined} place */
function address(place) {
  const link = new URL(window.location.href);
  if (place) {
    link.searchParams.set("frame", String(place.frame));
    if (place.range) link.searchParams.set("range", place.range.join("-"));
    else link.searchParams.delete("range");
    if (place.arrangement) link.searchParams.set("rows", place.arrangement);
  }
  return link.href;
}

/** @param {HTMLInputElement} input */
async function copy(input) {
  try {
    await navigator.clipboard.writeText(input.value);
    return true;
  } catch {
    // navigator.clipboard exists only on https and localhost.
    input.select();
    return document.execCommand("copy");
  }
}

/** @param {Component<{ subject: string }>} component */
export default function ({ data, parentElement, setStateValue }) {
  const input = find(parentElement, "input", HTMLInputElement);
  const button = find(parentElement, "button", HTMLButtonElement);
  const status = find(parentElement, "[role=status]", HTMLElement);
  const { subject } = data;
  const root = /** @type {Document | ShadowRoot} */ (parentElement.getRootNode());

  const update = () => {
    const place = window.iacaPlace;
    if (root.activeElement !== input) input.value = address(place);
    if (place?.subject !== subject) return;
    const view = { subject, range: place.range, rows: place.rows };
    const text = JSON.stringify(view);
    if (text === reported.get(parentElement)) return;
    reported.set(parentElement, text);
    setStateValue("view", view);
  };

  /** @type {ReturnType<typeof setTimeout> | undefined} */
  let due;
  const follow = () => {
    due ??= setTimeout(() => {
      due = undefined;
      update();
    }, UPDATE_MS);
  };

  button.onclick = async () => {
    input.value = address(window.iacaPlace);
    status.textContent = (await copy(input)) ? "Copied." : "Press Ctrl+C to copy the selected link.";
  };
  listening.get(parentElement)?.abort();
  const stop = new AbortController();
  listening.set(parentElement, stop);
  stop.signal.addEventListener("abort", () => clearTimeout(due));
  document.addEventListener("iaca-place", follow, { signal: stop.signal });
  update();
  return () => stop.abort();
}
