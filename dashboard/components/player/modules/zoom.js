// @ts-check
// Which part of the time axis the rows show.

/** @import { Span } from "../../types" */
/** @import { Plot } from "./plot.js" */

const CLOSEST_S = 0.5;

/**
 * Scale a view by a factor around a second that stays in place.
 * @param {Span} view
 * @param {number} factor
 * @param {number} around
 * @returns {Span}
 */
export function grown([start, end], factor, around) {
  return [around - (around - start) * factor, around + (end - around) * factor];
}

/**
 * Clip a view to the recording: null if it covers all of it, undefined if it would be too short.
 * @param {Span} view
 * @param {Span} whole The recording.
 * @returns {Span | null | undefined}
 */
export function within([start, end], [first, last]) {
  const [from, to] = [Math.max(first, start), Math.min(last, end)];
  if (to - from < CLOSEST_S) return undefined;
  return from <= first && to >= last ? null : [from, to];
}

/**
 * Move a view by some seconds, but not past the ends of the recording.
 * @param {Span} view
 * @param {number} seconds
 * @param {Span} whole The recording.
 * @returns {Span}
 */
export function panned([start, end], seconds, [first, last]) {
  const by = Math.max(first - start, Math.min(last - end, seconds));
  return [start + by, end + by];
}

/** Changes the view of a plot; a null view is the whole recording. */
export class Zoom {
  /**
   * @param {Plot} plot
   * @param {() => void} repaint Called when the view has changed.
   */
  constructor(plot, repaint) {
    this.plot = plot;
    this.repaint = repaint;
  }

  /** @param {Span | null} view */
  set(view) {
    this.plot.view = view;
    this.repaint();
  }

  /**
   * @param {number} factor
   * @param {number} around
   */
  by(factor, around) {
    this.into(grown(this.plot.shownSpan, factor, around));
  }

  /** @param {Span} view */
  into(view) {
    const found = within(view, this.plot.span);
    if (found !== undefined) this.set(found);
  }

  /** @param {number} pixels */
  panBy(pixels) {
    const { view, panels } = this.plot;
    if (view) this.panTo(view, (pixels / panels[0].width) * (view[1] - view[0]));
  }

  /**
   * @param {Span} view
   * @param {number} seconds
   */
  panTo(view, seconds) {
    this.set(panned(view, seconds, this.plot.span));
  }

  /**
   * Centre the view on a second that is outside of it.
   * @param {number} second
   */
  follow(second) {
    const { view } = this.plot;
    if (view && (second < view[0] || second > view[1])) this.panTo(view, second - (view[0] + view[1]) / 2);
  }
}
