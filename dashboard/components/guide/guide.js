// @ts-check
// The card of the tour, and the frame around what it explains. There is no overlay: the page stays usable.

/** @import { Component, TourData, TourStep } from "../types" */

const SEEN = "iaca-tour";
const GAP_PX = 12;
const PATIENCE_MS = 10_000; // how long the first step waits for a page that is still being drawn
const EDGES = /** @type {const} */ (["left", "top", "width", "height"]);

// Storage may be unavailable, as in private windows; then the tour is offered again.
function seen() {
  try {
    return localStorage.getItem(SEEN) !== null;
  } catch {
    return false;
  }
}

function markSeen() {
  try {
    localStorage.setItem(SEEN, "1");
  } catch {
    // The tour is offered again next time.
  }
}

/**
 * @template {keyof HTMLElementTagNameMap} T
 * @param {T} tag
 * @param {Partial<HTMLElementTagNameMap[T]>} properties
 * @param {...Node} children
 * @returns {HTMLElementTagNameMap[T]}
 */
function make(tag, properties, ...children) {
  const made = Object.assign(document.createElement(tag), properties);
  made.append(...children);
  return made;
}

/**
 * @param {string} label
 * @param {() => void} action
 */
function button(label, action) {
  return make("button", { type: "button", textContent: label, onclick: action });
}

/**
 * What a step points at, if that is on the page and has a size.
 * @param {string} selector
 */
function onPage(selector) {
  return [...document.querySelectorAll(selector)].find((one) => one.getClientRects().length > 0) ?? null;
}

// Progress in this visit. Streamlit may remount the component at any time; that must not restart the tour.
const visit = (window.iacaTour ??= { asked: 0, begun: false, step: null });

class Guide {
  /** @type {TourStep[]} */
  steps = [];
  /** @type {Element | null} */
  target = null;
  stood = ""; // the box around which the card last stood
  frameRequest = 0;
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  waiting;
  card = make("aside", { className: "iaca-guide-card" });
  frame = make("div", { className: "iaca-guide-frame" });

  /** @param {Element} anchor */
  constructor(anchor) {
    this.anchor = anchor;
    // Works wherever the focus is: a rerun of the page takes it from the card.
    this.escape = (/** @type {KeyboardEvent} */ event) => {
      if (event.key === "Escape") this.close();
    };
  }

  /** @param {TourData} data */
  update({ steps, asked }) {
    this.steps = steps;
    const wanted = asked > visit.asked || (!visit.begun && new URL(location.href).searchParams.has("tour"));
    visit.asked = asked;
    if (wanted) this.start();
    else if (visit.step !== null && !this.card.isConnected) this.await(visit.step);
    else if (visit.step !== null) this.say();
    // Automated browsers want the page, not a tour; they can ask for one in the address.
    else if (!visit.begun && !seen() && !navigator.webdriver) this.offer();
    visit.begun = true;
  }

  offer() {
    const buttons = [button("Not now", () => this.close()), button("Show me", () => this.start())];
    const text = "A tour of the page takes two minutes. You can start it again from “About the models”.";
    this.target = null;
    this.show("New here?", text, buttons, "");
  }

  start() {
    this.await(0);
  }

  /**
   * Go to a step once its target is on the page, which may still be drawn; later to the next one that is.
   * @param {number} index
   */
  await(index) {
    visit.step = index;
    clearTimeout(this.waiting);
    const until = performance.now() + PATIENCE_MS;
    const look = () => {
      if (onPage(this.steps[index].target) || performance.now() > until) this.go(index, 1);
      else this.waiting = setTimeout(look, 50);
    };
    look();
  }

  // The page may have more to say of the same step by now.
  say() {
    const text = this.steps[visit.step ?? 0].text;
    const shown = this.card.querySelector("p");
    if (shown && shown.textContent !== text) shown.textContent = text;
  }

  /**
   * Go to the next step whose target is on the page.
   * @param {number} index
   * @param {1 | -1} direction
   */
  go(index, direction) {
    for (let next = index; this.steps[next]; next += direction) {
      const target = onPage(this.steps[next].target);
      if (target) return this.point(next, target);
    }
    this.close();
  }

  /**
   * @param {number} index
   * @param {Element} target
   */
  point(index, target) {
    visit.step = index;
    this.target = target;
    target.scrollIntoView({ block: "nearest" });
    const { title, text } = this.steps[index];
    const last = index === this.steps.length - 1;
    const buttons = [button("Close", () => this.close())];
    if (index > 0) buttons.push(button("Back", () => this.go(index - 1, -1)));
    const next = button(last ? "Done" : "Next", () => this.go(index + 1, 1));
    this.show(title, text, [...buttons, next], `${index + 1} of ${this.steps.length}`);
    next.focus({ preventScroll: true });
  }

  /**
   * @param {string} title
   * @param {string} text
   * @param {HTMLButtonElement[]} buttons
   * @param {string} count
   */
  show(title, text, buttons, count) {
    this.remove();
    const line = make("div", { className: "iaca-guide-buttons" }, make("span", { textContent: count }), ...buttons);
    this.card = make("aside", { className: "iaca-guide-card" });
    this.card.append(make("strong", { textContent: title }), make("p", { textContent: text }), line);
    this.card.setAttribute("role", "region");
    this.card.setAttribute("aria-label", "Tour of the page");
    this.card.dataset.testid = "tour";
    this.frame = make("div", { className: "iaca-guide-frame", hidden: !this.target });
    this.takeTheme();
    document.body.append(this.frame, this.card);
    addEventListener("keydown", this.escape, true);
    this.stood = "";
    this.follow();
  }

  // The page moves as it is drawn, scrolled and resized, and Streamlit may put another element in the target's place.
  follow() {
    if (this.target && !this.target.isConnected && visit.step !== null) {
      this.target = onPage(this.steps[visit.step].target) ?? this.target;
    }
    this.stand();
    this.frameRequest = requestAnimationFrame(() => this.follow());
  }

  takeTheme() {
    const style = getComputedStyle(this.anchor);
    const colours = [
      ["text", "--st-text-color", "#31333f"],
      ["background", "--st-background-color", "#ffffff"],
      ["accent", "--st-primary-color", "#0a5fa5"],
      ["font", "--st-font", "sans-serif"],
    ];
    for (const [name, variable, otherwise] of colours) {
      const value = style.getPropertyValue(variable).trim() || otherwise;
      for (const part of [this.card, this.frame]) part.style.setProperty(`--iaca-guide-${name}`, value);
    }
  }

  // Beside the target if there is room, else below or above it; in the corner if there is no target.
  stand() {
    const { card, frame, target } = this;
    if (!target) {
      Object.assign(card.style, { right: "16px", bottom: "16px" });
      return;
    }
    const [wide, high] = [card.offsetWidth, card.offsetHeight];
    const within = (/** @type {number} */ value, /** @type {number} */ most) =>
      Math.max(GAP_PX, Math.min(value, most - GAP_PX));
    const box = target.getBoundingClientRect();
    const stood = [...EDGES.map((edge) => box[edge]), wide, high, innerWidth, innerHeight].join();
    if (stood === this.stood) return;
    this.stood = stood;
    const around = { left: box.left - 4, top: box.top - 4, width: box.width + 8, height: box.height + 8 };
    for (const [name, value] of Object.entries(around)) frame.style.setProperty(name, `${value}px`);
    const [right, leftward] = [box.right + GAP_PX, box.left - GAP_PX - wide];
    const onRight = right + wide <= innerWidth - GAP_PX;
    const beside = onRight || leftward >= GAP_PX;
    const left = onRight ? right : beside ? leftward : within(box.left + box.width / 2 - wide / 2, innerWidth - wide);
    const below = box.bottom + GAP_PX;
    const top = beside ? box.top : below + high <= innerHeight ? below : box.top - high - GAP_PX;
    Object.assign(card.style, { left: `${left}px`, top: `${within(top, innerHeight - high)}px` });
  }

  remove() {
    removeEventListener("keydown", this.escape, true);
    clearTimeout(this.waiting);
    cancelAnimationFrame(this.frameRequest);
    this.card.remove();
    this.frame.remove();
  }

  close() {
    markSeen();
    visit.step = null;
    this.remove();
  }
}

/** @type {WeakMap<Element, Guide>} */
const guides = new WeakMap();

/** @param {Component<TourData>} component */
export default function ({ data, parentElement }) {
  const anchor = parentElement.querySelector(".iaca-guide");
  if (!anchor) throw new Error("The component's HTML is incomplete.");
  const guide = guides.get(anchor) ?? new Guide(anchor);
  guides.set(anchor, guide);
  guide.update(data);
  return () => guide.remove();
}
