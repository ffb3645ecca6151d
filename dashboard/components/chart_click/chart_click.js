// @ts-check
// Clicks on the dots of a Plotly chart of the page.

/** @import { Component } from "../types" */

/**
 * @typedef {{ points: { customdata?: unknown[] }[] }} Click
 * @typedef {(event: Click) => void} Listener
 * @typedef {Element & {
 *   on(name: string, listener: Listener): void;
 *   removeListener?(name: string, listener: Listener): void;
 * }} Plot
 */

const CLICK = "plotly_click";

/** @type {WeakMap<ParentNode, () => void>} */
const listening = new WeakMap();

/** @param {Component<{ chart: string }>} component */
export default function ({ data, parentElement, setTriggerValue }) {
  listening.get(parentElement)?.();
  /** @type {Plot | null} */
  let heard = null;

  /** @param {Click} event */
  const clicked = (event) => {
    const name = event.points[0]?.customdata?.[0];
    if (typeof name === "string") setTriggerValue("clicked", name);
  };
  // Plotly takes the function away from a chart that is gone.
  const leave = () => heard?.removeListener?.(CLICK, clicked);
  const attach = () => {
    const found = document.querySelector(`.st-key-${data.chart} .js-plotly-plot`);
    if (!found || found === heard || !("on" in found)) return;
    leave();
    heard = /** @type {Plot} */ (found);
    heard.on(CLICK, clicked);
  };

  // A chart is drawn some time after its place is there, and may be drawn anew in another element.
  const observer = new MutationObserver(attach);
  observer.observe(document.body, { childList: true, subtree: true });
  attach();
  const stop = () => {
    observer.disconnect();
    leave();
  };
  listening.set(parentElement, stop);
  return stop;
}
