// How the user arranged the rows: which are shown, in which order and how high, and one or two panels. It belongs to the
// browser and is kept there; a link brings its own along.

import { askedRows, writeRows } from "./address.js";
import { fitted } from "./fit.js";

const KEY = "iaca-rows";
const LOWEST = 28; // of a row, px
const HIGHEST = 420;

export const OVERLAY = "overlay";
export const SIDE = "side";

const plain = (value) => (value && typeof value === "object" && !Array.isArray(value) ? value : {});

function parsed(find) {
  try {
    return plain(JSON.parse(find()));
  } catch {
    return {}; // a browser that forbids storage, or what somebody else wrote: as if there were nothing
  }
}

function read() {
  const linked = parsed(askedRows);
  const kept = Object.keys(linked).length ? linked : parsed(() => localStorage.getItem(KEY));
  return {
    order: Array.isArray(kept.order) ? kept.order.filter((key) => typeof key === "string") : [],
    hidden: plain(kept.hidden),
    heights: Object.fromEntries(Object.entries(plain(kept.heights)).filter(([, height]) => Number.isFinite(height))),
    layout: typeof kept.layout === "string" ? kept.layout : OVERLAY,
  };
}

const slotOf = (row) => row.slot || row.key;

export class Arrangement {
  constructor() {
    this.state = read();
  }

  // The arrangement in words, "" for that of the page.
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

  keep() {
    writeRows(this.text);
    try {
      localStorage.setItem(KEY, JSON.stringify(this.state));
    } catch {
      // Then it lasts as long as the page.
    }
  }

  // Overlay, side by side, or the index of the one model that is shown; only what `models` allow.
  layout(models) {
    const { layout } = this.state;
    if (models.length > 1 && (layout === SIDE || models[Number(layout)] !== undefined)) return layout;
    return OVERLAY;
  }

  setLayout(layout) {
    this.state.layout = layout;
    this.keep();
  }

  // What each panel is about: a model, or null for all.
  panels(models) {
    const layout = this.layout(models);
    if (layout === SIDE) return models.map((_, i) => i);
    return [layout === OVERLAY ? null : Number(layout)];
  }

  // Rows in the user's order, once for each slot; rows that are not named yet keep their place after their neighbour.
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

  isHidden(rows, key) {
    return this.state.hidden[key] ?? rows.every((row) => slotOf(row) !== key || row.hidden);
  }

  // Slots for the plot: every key with its height and one row, or none, for every panel. Rows that the user did not
  // resize share what `room` (px) there is; `printed` is the height whatever the window.
  slots(rows, models, room) {
    const panels = this.panels(models);
    const side = panels.length > 1;
    const slots = [];
    for (const key of this.ordered(rows)) {
      if (this.isHidden(rows, key)) continue;
      const mine = rows.filter((row) => slotOf(row) === key);
      // Side by side, the rows of one slot share it; else each has its own.
      for (const group of side ? [mine] : mine.map((row) => [row])) {
        const shown = panels.map((model) => group.find((row) => rowIsAbout(row, model, side)) ?? null);
        if (!shown.some(Boolean)) continue;
        slots.push({ key, height: mine[0].height, rows: shown });
      }
    }
    const heights = fitted(slots, room);
    return slots.map((slot, i) => {
      const own = this.state.heights[slot.key];
      return { ...slot, height: own ?? heights[i], printed: own ?? slot.height };
    });
  }

  hide(rows, key, hidden) {
    this.state.hidden[key] = hidden;
    this.keep();
  }

  resize(key, height) {
    if (height === null) delete this.state.heights[key];
    else this.state.heights[key] = Math.round(Math.min(HIGHEST, Math.max(LOWEST, height)));
    this.keep();
  }

  // Put one slot in the place of another.
  move(rows, key, target) {
    const order = this.ordered(rows);
    const to = order.indexOf(target);
    if (to < 0 || key === target) return;
    order.splice(order.indexOf(key), 1);
    order.splice(to, 0, key);
    this.state.order = order;
    this.keep();
  }

  // Move a slot by some shown places up (-1) or down (1).
  shift(rows, models, key, places) {
    const shown = [...new Set(this.slots(rows, models, Infinity).map((slot) => slot.key))];
    const target = shown[shown.indexOf(key) + places];
    if (target) this.move(rows, key, target);
  }

  reset() {
    this.state = { order: [], hidden: {}, heights: {}, layout: this.state.layout };
    this.keep();
  }
}

// Whether a panel about `model` (null: all) has anything to show of a row; a difference is of no model alone.
function rowIsAbout(row, model, side) {
  if (model === null || row.kind !== "curves") return true;
  if (row.model !== null) return row.model === model;
  return row.traces.some((curve) => (curve.minus ? side : curve.model === null || curve.model === model));
}
