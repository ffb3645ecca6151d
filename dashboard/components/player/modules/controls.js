// What the user does: buttons, keys, the scrub bar, and dragging on the rows.

const KEYS = {
  " ": (player) => player.clock.toggle(),
  k: (player) => player.clock.toggle(),
  m: (player) => player.toggleSound(),
  ArrowLeft: (player, event) => (event.shiftKey ? player.clock.stepSeconds(-1) : player.clock.step(-1)),
  ArrowRight: (player, event) => (event.shiftKey ? player.clock.stepSeconds(1) : player.clock.step(1)),
  Home: (player) => player.clock.seek(0),
  End: (player) => player.clock.seek(Infinity),
  "[": (player) => player.markRange(0),
  "]": (player) => player.markRange(1),
  Escape: (player) => player.clearRange(),
};

const ACTIONS = {
  home: KEYS.Home,
  back: (player) => player.clock.step(-1),
  toggle: KEYS[" "],
  forward: (player) => player.clock.step(1),
  mute: KEYS.m,
};

// Elements that have their own use for the keyboard.
const TYPING = "input, textarea, select, [contenteditable], [role=slider], [role=combobox], [role=listbox], [role=dialog]";
const PRESSING = "button, a, [role=button], [role=switch], [role=checkbox], [role=radio], [role=tab], summary";

export function connect(player, signal) {
  const { root, clock, plot } = player;
  const on = (target, name, action, options = {}) => target.addEventListener(name, action, { signal, ...options });

  // In the capture phase, before Streamlit's own shortcuts.
  on(document, "keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const target = event.target instanceof Element ? event.target : document.body;
    if (target.closest(TYPING)) return;
    if ((event.key === " " || event.key === "Enter") && target.closest(PRESSING)) return;
    const act = KEYS[event.key.length === 1 ? event.key.toLowerCase() : event.key];
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
  let dragging = false;
  const follow = (event) => {
    const x = event.clientX - rows.getBoundingClientRect().left;
    clock.seek(player.frameAt(plot.second(x)));
  };
  on(rows, "pointerdown", (event) => {
    if (event.button !== 0 || !plot.times) return;
    dragging = true;
    rows.setPointerCapture(event.pointerId);
    event.preventDefault();
    root.focus({ preventScroll: true });
    follow(event);
  });
  on(rows, "pointermove", (event) => dragging && follow(event));
  on(rows, "lostpointercapture", () => (dragging = false));
  on(rows, "dblclick", () => player.zoom(null));
  on(rows, "wheel", (event) => {
    if (!event.ctrlKey && !event.metaKey) return; // a plain wheel scrolls the page
    event.preventDefault();
    const around = plot.second(event.clientX - rows.getBoundingClientRect().left);
    player.zoomBy(Math.exp(event.deltaY * 0.002), around);
  }, { passive: false });
  holdPlayback(rows, clock, on);
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
