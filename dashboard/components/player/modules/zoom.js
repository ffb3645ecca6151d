// @ts-check
// Which part of the time axis the rows show.

/** @import { Span } from "../../types" */
/** @import { Plot } from "./plot.js" */

const CLOSEST_S = 0.5;
const MARGIN = 0.05; // of a page, before the cursor

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
  if (to - from < CLOSEST_S - 1e-9) return undefined;
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

/**
 * Move the start (side 0) or the end (side 1) of a view, which keeps a length.
 * @param {Span} view
 * @param {0 | 1} side
 * @param {number} second
 * @param {Span} whole The recording.
 * @returns {Span}
 */
export function resized([start, end], side, second, [first, last]) {
  if (side === 0) return [Math.max(first, Math.min(end - CLOSEST_S, second)), end];
  return [start, Math.min(last, Math.max(start + CLOSEST_S, second))];
}

/**
 * The next page, once the cursor has left the view: it then stands near the start. Null while it is in the view, and if
 * it was outside before, since then the user is looking at something else.
 * @param {Span} view
 * @param {number} before Where the cursor was, seconds.
 * @param {number} now
 * @param {Span} whole The recording.
 */
export function turned(view, before, now, whole) {
  const [start, end] = view;
  const sees = (/** @type {number} */ second) => second >= start && second <= end;
  return sees(before) && !sees(now) ? panned(view, now - start - MARGIN * (end - start), whole) : null;
}

/** Changes the view of a plot; a null view is the whole recording. */
export class Zoom {
  following = true; // whether pages are turned while it plays
  cursor = 0; // where the cursor was last, seconds

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
   * Pan, as a user does, who then looks at something else than the cursor.
   * @param {Span} view
   * @param {number} seconds
   */
  panTo(view, seconds) {
    this.take(panned(view, seconds, this.plot.span));
  }

  /**
   * Show what a user chose, wherever the cursor is.
   * @param {Span} view
   */
  take(view) {
    this.following = false;
    this.into(view);
  }

  /**
   * Centre the view on a second that is outside of it.
   * @param {number} second
   */
  follow(second) {
    const { view, span } = this.plot;
    if (view && (second < view[0] || second > view[1])) this.set(panned(view, second - (view[0] + view[1]) / 2, span));
  }

  /** @param {number} second Of the cursor. */
  toggleFollowing(second) {
    this.following = !this.following;
    if (this.following) this.follow(second);
    this.repaint();
  }

  /**
   * The cursor has moved: turn the page if it has left it.
   * @param {number} second
   * @param {boolean} playing
   */
  turn(second, playing) {
    const { view, span } = this.plot;
    const page = playing && this.following && view && turned(view, this.cursor, second, span);
    this.cursor = second;
    if (page) this.set(page);
  }
}
