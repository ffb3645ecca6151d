// What the user does: buttons, keys, the scrub bar, and the pointer on the rows.

import { showHelp } from "./help.js";

const WHEEL = 0.002; // zoom for each px of a wheel
const STEP = 1.4; // zoom for each press of a key

// Every key, with what the help says of it. `keys` are shown; `names` are those of the events.
export const BINDINGS = [
  { keys: ["Space", "K"], names: [" ", "k"], text: "Play or pause", act: (player) => player.clock.toggle() },
  { keys: ["←", "→"], names: ["ArrowLeft", "ArrowRight"], text: "One frame back or on; with Shift one second", act: stepBy },
  { keys: ["Home", "End"], names: ["Home", "End"], text: "First or last frame", act: (player, event) => player.goTo(event.key === "Home" ? 0 : Infinity) },
  { keys: [",", "."], names: [",", "."], text: "Mark before or after the cursor", act: (player, event) => player.marks.go(player.second, event.key === "." ? 1 : -1) },
  { keys: ["[", "]"], names: ["[", "]"], text: "Range: begins or ends at the cursor, and is repeated", act: (player, event) => player.range.mark(event.key === "]" ? 1 : 0) },
  { keys: ["Esc"], names: ["Escape"], text: "No range", act: (player) => player.range.set(null) },
  { keys: ["+", "−"], names: ["+", "=", "-"], text: "Zoom in or out around the cursor", act: (player, event) => player.zoom.by(event.key === "-" ? STEP : 1 / STEP, player.second) },
  { keys: ["0"], names: ["0"], text: "See the whole recording", act: (player) => player.zoom.set(null) },
  { keys: ["M"], names: ["m"], text: "Sound on or off", act: (player) => player.toggleSound() },
  { keys: ["?"], names: ["?"], text: "This list", act: (player) => showHelp(player.help, [...BINDINGS, ...POINTER]) },
];

const POINTER = [
  { keys: ["drag"], text: "On the rows: move the cursor" },
  { keys: ["Shift", "drag"], text: "On the rows: brush a range; on the time axis without Shift" },
  { keys: ["Ctrl", "wheel"], text: "On the rows: zoom; without Ctrl on the time axis, or after a click on the rows. Double click: the whole recording" },
  { keys: ["Alt", "drag"], text: "On the rows, when zoomed: move along; also Shift and wheel" },
];

const KEYS = new Map(BINDINGS.flatMap((binding) => binding.names.map((name) => [name, binding.act])));

function stepBy(player, event) {
  const way = event.key === "ArrowLeft" ? -1 : 1;
  if (event.shiftKey) player.clock.stepSeconds(way);
  else player.clock.step(way);
}

const ACTIONS = {
  home: (player) => player.goTo(0),
  back: (player) => player.clock.step(-1),
  toggle: (player) => player.clock.toggle(),
  forward: (player) => player.clock.step(1),
  mute: (player) => player.toggleSound(),
  moment: (player) => player.report(),
  begin: (player) => player.range.mark(0),
  finish: (player) => player.range.mark(1),
  clear: (player) => player.range.set(null),
  repeat: (player) => player.range.play(),
  fit: (player) => player.range.zoom(),
  help: (player) => showHelp(player.help, [...BINDINGS, ...POINTER]),
};

// Elements that have their own use for the keyboard.
const TYPING = "input, textarea, select, [contenteditable], [role=slider], [role=combobox], [role=listbox], [role=dialog], dialog, .iaca-grip";
const PRESSING = "button, a, [role=button], [role=switch], [role=checkbox], [role=radio], [role=tab], summary";

export function connect(player, signal) {
  const { root, clock } = player;
  const on = (target, name, action, options = {}) => target.addEventListener(name, action, { signal, ...options });

  // In the capture phase, before Streamlit's own shortcuts.
  on(document, "keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || !player.spec) return;
    const target = event.target instanceof Element ? event.target : document.body;
    if (target.closest(TYPING)) return;
    if ((event.key === " " || event.key === "Enter") && target.closest(PRESSING)) return;
    const act = KEYS.get(event.key.length === 1 ? event.key.toLowerCase() : event.key);
    if (!act) return;
    event.preventDefault();
    event.stopPropagation();
    act(player, event);
  }, { capture: true });

  for (const button of root.querySelectorAll("button[data-action]")) {
    on(button, "click", (event) => ACTIONS[button.dataset.action](player, event));
  }
  on(root.querySelector(".iaca-speed select"), "change", (event) => {
    clock.video.defaultPlaybackRate = clock.video.playbackRate = Number(event.target.value);
  });
  on(root.querySelector(".iaca-screen"), "click", () => clock.toggle());

  const scrub = root.querySelector("[data-testid=player-scrub]");
  on(scrub, "input", () => clock.seek(Number(scrub.value)));
  holdPlayback(scrub, clock, on);

  const rows = root.querySelector(".iaca-rows");
  connectPointer(player, rows, on);
  connectWheel(player, rows, on);
  holdPlayback(rows, clock, on);
}

// On the rows a drag moves the cursor; with Shift, or on the time axis, it brushes a range; with Alt it pans.
function connectPointer(player, rows, on) {
  const { plot, clock, root } = player;
  let drag = null; // { kind, from } while the pointer is down
  const at = (event) => event.clientX - rows.getBoundingClientRect().left;
  const onAxis = (event) => event.clientY - rows.getBoundingClientRect().top > plot.area.top + plot.area.height;
  const follow = (event) => {
    const second = plot.second(at(event));
    if (drag.kind === "pan") player.zoom.panTo(drag.view, drag.second - plot.second(at(event)) + plot.shownSpan[0] - drag.view[0]);
    else if (drag.kind === "brush") player.range.brush(drag.frame, player.frameAt(second));
    else clock.seek(player.frameAt(second));
  };
  on(rows, "pointerdown", (event) => {
    if (event.button !== 0 || !plot.times) return;
    const second = plot.second(at(event));
    const kind = event.altKey && plot.view ? "pan" : event.shiftKey || onAxis(event) ? "brush" : "seek";
    drag = { kind, second, frame: player.frameAt(second), view: plot.shownSpan };
    rows.setPointerCapture(event.pointerId);
    event.preventDefault();
    root.focus({ preventScroll: true });
    rows.dataset.active = true;
    if (kind === "seek") follow(event);
  });
  on(rows, "pointermove", (event) => drag && follow(event));
  on(rows, "lostpointercapture", () => {
    if (drag?.kind === "brush") player.range.endBrush();
    drag = null;
  });
  on(rows, "pointerleave", () => delete rows.dataset.active);
  on(rows, "dblclick", () => player.zoom.set(null));
}

// A plain wheel scrolls the page, unless the pointer has just worked on the rows or is on the time axis.
function connectWheel(player, rows, on) {
  const { plot } = player;
  on(rows, "wheel", (event) => {
    if (!plot.times) return;
    const box = rows.getBoundingClientRect();
    const along = event.shiftKey || Math.abs(event.deltaX) > Math.abs(event.deltaY);
    const meant = event.ctrlKey || event.metaKey || rows.dataset.active || event.clientY - box.top > plot.area.top + plot.area.height;
    if (!meant && !(along && plot.view)) return;
    event.preventDefault();
    if (along) player.zoom.panBy(event.deltaX || event.deltaY);
    else player.zoom.by(Math.exp(event.deltaY * WHEEL), plot.second(event.clientX - box.left));
  }, { passive: false });
}

// While the pointer is down the video stands still; afterwards it goes on if it was playing.
function holdPlayback(target, clock, on) {
  let resume = false;
  on(target, "pointerdown", (event) => {
    if (event.button !== 0) return;
    resume = clock.playing;
    clock.video.pause();
  }, { capture: true });
  const release = () => {
    if (resume) clock.toggle();
    resume = false;
  };
  on(target, "pointerup", release);
  on(target, "pointercancel", release);
}
