// @ts-check
// User input: buttons, keys, the scrub bar, and the pointer on the rows.

import { chordOf } from "./chords.js";
import { commandOf, connectButtons } from "./commands.js";
import { find } from "./dom.js";

/** @import { Span } from "../../types" */
/** @import { Clock } from "./clock.js" */
/** @import { Player } from "./main.js" */

const WHEEL = 0.002; // zoom for each px of a wheel
// Elements that handle keys themselves; sliders only those that move them, and all but text leave chords with Ctrl.
const WRITING = "textarea, [contenteditable], input:not([type=range], [type=checkbox], [type=radio], [role=switch])";
const TYPING = `${WRITING}, select, [role=combobox], [role=listbox], .iaca-grip`;
const SLIDING = "input[type=range], [role=slider]";
const SLIDING_KEYS = /^(Shift\+)?(Arrow|Page|Home|End)/;
const ASIDE = "dialog, [role=dialog]";
const OPEN = ".iaca-view[open], [data-testid=stPopoverBody]"; // what Escape closes first
const LISTS = "select, [role=combobox]";
const CLOSING_MS = 100; // until a list of Streamlit is closed
const PRESSING = "button, a, [role=button], [role=switch], [role=checkbox], [role=radio], [role=tab], summary";

/**
 * @param {Player} player
 * @param {AbortSignal} signal Takes all listeners away.
 */
export function connect(player, signal) {
  const { root, clock, scrub } = player;

  const press = (/** @type {KeyboardEvent} */ event) => {
    const target = event.target instanceof Element ? event.target : document.body;
    const chord = chordOf(event);
    if (!chord || isTaken(chord, target) || (root.dataset.keys === "own" && !root.contains(target))) return;
    const command = commandOf(chord, player);
    if (!command) return;
    event.preventDefault();
    event.stopPropagation();
    player.hover.point(null); // whoever goes on by keyboard looks at the cursor
    command.act(player);
  };
  releaseKeys(player, signal);
  // In the capture phase, ahead of Streamlit's own shortcuts.
  document.addEventListener("keydown", press, { signal, capture: true });

  connectButtons(player, signal);
  const speed = find(root, ".iaca-speed select", HTMLSelectElement);
  const setSpeed = () => {
    clock.video.defaultPlaybackRate = clock.video.playbackRate = Number(speed.value);
  };
  speed.addEventListener("change", setSpeed, { signal });
  const click = (/** @type {Event} */ event) => {
    if (event.target instanceof Element && !event.target.closest("button")) clock.toggle();
  };
  player.screen.addEventListener("click", click, { signal });

  scrub.addEventListener("input", () => clock.seek(Number(scrub.value)), { signal });
  holdPlayback(scrub, clock, signal);

  const rows = find(root, ".iaca-rows", HTMLElement);
  connectPointer(player, rows, signal);
  connectWheel(player, rows, signal);
  holdPlayback(rows, clock, signal);
}

/**
 * Whether a chord belongs to the element that has the focus.
 * @param {string} chord
 * @param {Element} target
 */
function isTaken(chord, target) {
  if (target.closest(ASIDE) || (chord === "Escape" && document.querySelector(OPEN))) return true;
  if (chord.startsWith("Ctrl+")) return chord !== "Ctrl+k" && target.closest(WRITING) !== null;
  if (target.closest(SLIDING)) return SLIDING_KEYS.test(chord);
  if (target.closest(TYPING)) return true;
  return (chord === "Space" || chord === "Enter") && target.closest(PRESSING) !== null;
}

/**
 * A list keeps the focus, and with it the keys, after a choice. Whoever chose by pointer is done with it: the keys belong
 * to the player again. By keyboard, one goes on from there.
 * @param {Player} player
 * @param {AbortSignal} signal
 */
function releaseKeys({ root }, signal) {
  let byPointer = false;
  const note = (/** @type {Event} */ event) => {
    byPointer = event.type === "pointerdown";
  };
  const release = () => {
    const list = document.activeElement;
    if (!(list instanceof HTMLElement) || !list.matches(LISTS) || list.ariaExpanded === "true") return;
    if (root.contains(list)) root.focus({ preventScroll: true });
    else list.blur();
  };
  const chosen = (/** @type {Event} */ event) => {
    const isChoice = event.target instanceof Element && event.target.closest("[role=option], select");
    if (!byPointer || !isChoice) return;
    // Streamlit gives the focus back to its list only after the click.
    if (event.type === "click" && !isChoice.matches("select")) setTimeout(release, CLOSING_MS);
    else if (event.type === "change") release();
  };
  for (const type of ["pointerdown", "keydown"]) document.addEventListener(type, note, { signal, capture: true });
  for (const type of ["change", "click"]) document.addEventListener(type, chosen, { signal, capture: true });
}

/**
 * Dragging on the rows moves the cursor; with Shift, or on the time axis, it brushes a range; with Alt, it pans.
 * @param {Player} player
 * @param {HTMLElement} rows
 * @param {AbortSignal} signal
 */
function connectPointer(player, rows, signal) {
  const { plot, clock, root } = player;
  /** @type {{ kind: "pan" | "brush" | "seek", second: number, frame: number, view: Span } | null} */
  let drag = null; // while the pointer is down
  const at = (/** @type {PointerEvent} */ event) => event.clientX - rows.getBoundingClientRect().left;
  const follow = (/** @type {PointerEvent} */ event) => {
    if (!drag) return;
    const second = plot.second(at(event));
    if (drag.kind === "pan") player.zoom.panTo(drag.view, drag.second - second + plot.shownSpan[0] - drag.view[0]);
    else if (drag.kind === "brush") player.range.brush(drag.frame, player.frameAt(second));
    else clock.seek(player.frameAt(second));
  };
  const begin = (/** @type {PointerEvent} */ event) => {
    if (event.button !== 0 || !player.loaded) return;
    const second = plot.second(at(event));
    const kind = event.altKey && plot.view ? "pan" : event.shiftKey || isOnAxis(player, event) ? "brush" : "seek";
    drag = { kind, second, frame: player.frameAt(second), view: plot.shownSpan };
    rows.setPointerCapture(event.pointerId);
    event.preventDefault();
    root.focus({ preventScroll: true });
    rows.dataset.active = "true";
    if (kind === "seek") follow(event);
  };
  const end = () => {
    if (drag?.kind === "brush") player.range.endBrush();
    drag = null;
  };
  rows.addEventListener("pointerdown", begin, { signal });
  rows.addEventListener("pointermove", follow, { signal });
  rows.addEventListener("lostpointercapture", end, { signal });
  rows.addEventListener("pointerleave", () => delete rows.dataset.active, { signal });
  rows.addEventListener("dblclick", () => player.zoom.set(null), { signal });
}

/**
 * Whether the pointer is on the time axis, below the rows or, where they do not fit the window, upon them.
 * @param {Player} player
 * @param {MouseEvent} event
 */
function isOnAxis({ plot }, event) {
  return event.clientY > plot.axis.getBoundingClientRect().top;
}

/**
 * A plain wheel scrolls the page, unless the rows have just been clicked or the pointer is on the time axis.
 * @param {Player} player
 * @param {HTMLElement} rows
 * @param {AbortSignal} signal
 */
function connectWheel(player, rows, signal) {
  const { plot, zoom } = player;
  const turn = (/** @type {WheelEvent} */ event) => {
    if (!player.loaded) return;
    const along = event.shiftKey || Math.abs(event.deltaX) > Math.abs(event.deltaY);
    const meant = event.ctrlKey || event.metaKey || rows.dataset.active || isOnAxis(player, event);
    if (!meant && !(along && plot.view)) return;
    event.preventDefault();
    if (along) zoom.panBy(event.deltaX || event.deltaY);
    else zoom.by(Math.exp(event.deltaY * WHEEL), plot.second(event.clientX - rows.getBoundingClientRect().left));
  };
  rows.addEventListener("wheel", turn, { signal, passive: false });
}

/**
 * Pause while the pointer is down, and resume afterwards if the video was playing.
 * @param {HTMLElement} target
 * @param {Clock} clock
 * @param {AbortSignal} signal
 */
function holdPlayback(target, clock, signal) {
  let resume = () => {};
  const hold = (/** @type {PointerEvent} */ event) => {
    if (event.button === 0) resume = clock.hold();
  };
  const release = () => {
    resume();
    resume = () => {};
  };
  target.addEventListener("pointerdown", hold, { signal, capture: true });
  target.addEventListener("pointerup", release, { signal });
  target.addEventListener("pointercancel", release, { signal });
}
