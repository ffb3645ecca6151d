// @ts-check
// The user's arrangement of the rows: which are shown, in which order, how high, and in one or two panels.

import { GAP, gapAbove, HIGHEST, LOWEST, rowHeights } from "./rowHeights.js";

/** @import { ModelIndex, Row } from "../../types" */
/** @import { Group } from "./rowHeights.js" */

export const OVERLAY = "overlay";
export const SIDE = "side";

/**
 * What the user changed. The layout is one of the above, or the index of the only model shown.
 * @typedef {object} Arranged
 * @property {string[]} order
 * @property {Record<string, boolean>} hidden
 * @property {Record<string, number>} heights
 * @property {string} layout
 */

/**
 * Rows that share one height, one per panel. `printed` is the height regardless of the window.
 * @typedef {Group & { printed: number }} Slot
 */

/**
 * @param {unknown} value
 * @returns {Record<string, unknown>}
 */
function plain(value) {
  return value && typeof value === "object" && !Array.isArray(value) ? { ...value } : {};
}

/**
 * Read an arrangement; anything invalid takes the default.
 * @param {string | null} text
 * @returns {Arranged | null} Null where there is nothing at all.
 */
export function parseArrangement(text) {
  /** @type {Record<string, unknown>} */
  let found;
  try {
    found = plain(JSON.parse(text ?? ""));
  } catch {
    return null;
  }
  if (!Object.keys(found).length) return null;
  const heights = Object.entries(plain(found.heights)).filter(([, height]) => Number.isFinite(height));
  return {
    order: Array.isArray(found.order) ? found.order.filter((key) => typeof key === "string") : [],
    hidden: Object.fromEntries(Object.entries(plain(found.hidden)).map(([key, hidden]) => [key, Boolean(hidden)])),
    heights: /** @type {Record<string, number>} */ (Object.fromEntries(heights)),
    layout: typeof found.layout === "string" ? found.layout : OVERLAY,
  };
}

/** @param {Row} row */
export const slotOf = (row) => row.slot || row.key;

export class Arrangement {
  /**
   * @param {Arranged | null} [arranged] What was kept of an earlier visit.
   * @param {(arrangement: Arrangement) => void} [onChange]
   */
  constructor(arranged, onChange = () => {}) {
    /** @type {Arranged} */
    this.state = arranged ?? { order: [], hidden: {}, heights: {}, layout: OVERLAY };
    this.onChange = onChange;
  }

  // The arrangement as text for the address; "" for the default.
  get text() {
    const { order, hidden, heights, layout } = this.state;
    const parts = {
      ...(order.length && { order }),
      ...(Object.keys(hidden).length && { hidden }),
      ...(Object.keys(heights).length && { heights }),
      ...(layout !== OVERLAY && { layout }),
    };
    return Object.keys(parts).length ? JSON.stringify(parts) : "";
  }

  /**
   * The layout, or the overlay if `models` do not allow it.
   * @param {string[]} models
   */
  layout(models) {
    const { layout } = this.state;
    if (models.length > 1 && (layout === SIDE || models[Number(layout)] !== undefined)) return layout;
    return OVERLAY;
  }

  /** @param {string} layout */
  setLayout(layout) {
    this.state.layout = layout;
    this.onChange(this);
  }

  /**
   * What each panel shows: one model, or null for all.
   * @param {string[]} models
   * @returns {ModelIndex[]}
   */
  panels(models) {
    const layout = this.layout(models);
    if (layout === SIDE) return models.map((_, i) => i);
    return [layout === OVERLAY ? null : Number(layout)];
  }

  /**
   * Slots in the user's order; a slot that the order does not name follows its neighbour on the page.
   * @param {Row[]} rows
   */
  ordered(rows) {
    const keys = [...new Set(rows.map(slotOf))];
    const order = this.state.order.filter((key) => keys.includes(key));
    keys.forEach((key, i) => {
      if (order.includes(key)) return;
      const before = i ? order.indexOf(keys[i - 1]) : -1;
      order.splice(before + 1, 0, key);
    });
    return order;
  }

  /**
   * @param {Row[]} rows
   * @param {string} key
   */
  isHidden(rows, key) {
    return this.state.hidden[key] ?? rows.every((row) => slotOf(row) !== key || row.hidden);
  }

  /**
   * Slots for the plot, from top to bottom. Rows that the user did not resize share `room` (px).
   * @param {Row[]} rows
   * @param {string[]} models
   * @param {number} room
   * @param {number} [width] Of the panel, px, where there is one.
   * @returns {Slot[]}
   */
  slots(rows, models, room, width = Infinity) {
    const panels = this.panels(models);
    const side = panels.length > 1;
    /** @type {Group[]} */
    const groups = [];
    /** @type {Row[]} */
    const shared = [];
    for (const key of this.ordered(rows)) {
      if (this.isHidden(rows, key)) continue;
      const mine = rows.filter((row) => slotOf(row) === key);
      if (side && mine.every(isShared)) {
        shared.push(...mine);
        continue;
      }
      // Side by side, the rows of one slot share it; otherwise each row has its own.
      for (const group of side ? [mine] : mine.map((row) => [row])) {
        const shown = panels.map((model) => group.find((row) => isAbout(row, model, side)) ?? null);
        const gap = side ? GAP : gapAbove(group[0], width);
        if (shown.some(Boolean)) groups.push({ key, height: mine[0].height, gap, rows: shown });
      }
    }
    for (const row of shared) placeShared(row, groups, panels.length);
    const heights = rowHeights(groups, room);
    return groups.map((group, i) => {
      const own = this.state.heights[group.key];
      return { ...group, height: own ?? heights[i], printed: own ?? group.height };
    });
  }

  /**
   * @param {string} key
   * @param {boolean} hidden
   */
  hide(key, hidden) {
    this.state.hidden[key] = hidden;
    this.onChange(this);
  }

  /**
   * @param {string} key
   * @param {number | null} height px; null for the page's own.
   */
  resize(key, height) {
    if (height === null) delete this.state.heights[key];
    else this.state.heights[key] = Math.round(Math.min(HIGHEST, Math.max(LOWEST, height)));
    this.onChange(this);
  }

  /**
   * Move a slot to the place of another.
   * @param {Row[]} rows
   * @param {string} key
   * @param {string} target
   */
  move(rows, key, target) {
    const order = this.ordered(rows);
    const to = order.indexOf(target);
    if (to < 0 || key === target) return;
    order.splice(order.indexOf(key), 1);
    order.splice(to, 0, key);
    this.state.order = order;
    this.onChange(this);
  }

  /**
   * Move a slot up (-1) or down (1) past the slots that are shown.
   * @param {Row[]} rows
   * @param {string[]} models
   * @param {string} key
   * @param {number} places
   */
  shift(rows, models, key, places) {
    const shown = [...new Set(this.slots(rows, models, Infinity).map((slot) => slot.key))];
    const target = shown[shown.indexOf(key) + places];
    if (target) this.move(rows, key, target);
  }

  /**
   * Go back to an arrangement as `text` had it.
   * @param {string} text
   */
  restore(text) {
    this.state = parseArrangement(text) ?? { order: [], hidden: {}, heights: {}, layout: OVERLAY };
    this.onChange(this);
  }

  reset() {
    this.state = { order: [], hidden: {}, heights: {}, layout: this.state.layout };
    this.onChange(this);
  }
}

/**
 * Whether a row is about the comparison or the recording and not about a model.
 * @param {Row} row
 */
function isShared(row) {
  return row.kind !== "curves" || row.traces.every((curve) => curve.minus);
}

/**
 * Side by side, a row that is about no single model stands where a model lacks a row. Where none does, it stands below
 * the others in every panel, on the time axis of each.
 * @param {Row} row
 * @param {Group[]} groups
 * @param {number} panels
 */
function placeShared(row, groups, panels) {
  const free = groups.find(({ rows }) => rows.includes(null));
  if (free) free.rows[free.rows.indexOf(null)] = row;
  else groups.push({ key: slotOf(row), height: row.height, gap: GAP, rows: Array(panels).fill(row) });
}

/**
 * Whether a panel for `model` (null: all) has anything to show of a row. A difference belongs to no single model.
 * @param {Row} row
 * @param {ModelIndex} model
 * @param {boolean} side Whether panels stand side by side.
 */
function isAbout(row, model, side) {
  if (model === null || row.kind !== "curves") return true;
  if (row.model !== null) return row.model === model;
  return row.traces.some((curve) => (curve.minus ? side : curve.model === null || curve.model === model));
}

/**
 * Keys and heights on paper of a slot's rows: one that models share, and others that stand in a cell of it.
 * @param {Slot} slot
 * @returns {[key: string, height: number][]}
 */
export function printedRows({ key, rows, printed }) {
  const shown = rows.flatMap((row) => row ?? []);
  const own = shown.find((row) => slotOf(row) === key);
  /** @type {[key: string, height: number][]} */
  const found = [];
  for (const row of new Set(shown)) {
    if (row === own) found.push([row.key, printed]);
    else if (slotOf(row) !== key) found.push([row.key, row.height]);
  }
  return found;
}
