// @ts-check
// Entries of the browser's performance timeline: how long the last update and the last zoom took.

export const UPDATE = "iaca-update";
export const ZOOM = "iaca-zoom";

/**
 * @param {string} name
 * @param {number} start
 */
export function measure(name, start) {
  performance.clearMeasures(name);
  performance.measure(name, { start });
}
