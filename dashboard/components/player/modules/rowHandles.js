// @ts-check
// Handles that move, resize and hide rows by pointer and keyboard, and the menu that brings rows back.

import { slotOf } from "./arrangement.js";
import { find, make } from "./dom.js";

/** @import { Slot } from "./arrangement.js" */
/** @import { Player } from "./main.js" */

const STEP_PX = 16;
export const EDGE = 3; // of a row that belongs to its divider, px

export class RowHandles {
  /**
   * @param {Player} player
   * @param {HTMLElement} dividers
   * @param {HTMLDetailsElement} menu
   */
  constructor(player, dividers, menu) {
    this.player = player;
    this.dividers = dividers;
    this.menu = menu;
    this.summary = find(menu, "summary", HTMLElement);
    this.choices = find(menu, ".iaca-choices", HTMLElement);
    const { signal } = player.listeners;
    const closeOutside = (/** @type {PointerEvent} */ event) => {
      if (event.target instanceof Node && !menu.contains(event.target)) menu.open = false;
    };
    document.addEventListener("pointerdown", closeOutside, { signal });
    // Wherever the focus is: a row that was just hidden has taken it along.
    const close = (/** @type {KeyboardEvent} */ event) => {
      if (event.key !== "Escape" || !menu.open) return;
      event.stopImmediatePropagation();
      menu.open = false;
      this.summary.focus();
    };
    document.addEventListener("keydown", close, { signal, capture: true });
  }

  get rows() {
    return this.player.rows;
  }

  /** @param {string} key Of a slot. */
  titleOf(key) {
    const [first, ...others] = this.rows.filter((row) => slotOf(row) === key);
    return others.length ? first.title.split(" · ")[0] : first.title;
  }

  show() {
    this.dividers.replaceChildren(...this.player.plot.places().map((place) => this.divider(place)));
    this.showMenu();
  }

  /**
   * The lower edge of a row, which resizes it.
   * @param {Slot & { top: number }} slot
   */
  divider({ key, top, height }) {
    const { player } = this;
    const edge = make("div", { className: "iaca-divider", title: "Drag to resize; double-click to reset" });
    edge.style.top = `${top + height - EDGE}px`;
    edge.dataset.row = key;
    /** @type {{ y: number, height: number } | null} */
    let start = null;
    edge.addEventListener("pointerdown", (event) => {
      event.stopPropagation();
      event.preventDefault();
      edge.setPointerCapture(event.pointerId);
      start = { y: event.clientY, height };
    });
    edge.addEventListener("pointermove", (event) => {
      event.stopPropagation();
      if (!start) return;
      player.arrangement.resize(key, start.height + event.clientY - start.y);
      player.arrangeKeeping(edge);
    });
    edge.addEventListener("lostpointercapture", () => {
      if (start) player.arrange();
      start = null;
    });
    edge.addEventListener("dblclick", (event) => {
      event.stopPropagation();
      player.arrangement.resize(key, null);
      player.arrange();
    });
    return edge;
  }

  /**
   * The buttons above a row.
   * @param {Slot} slot
   */
  buttons(slot) {
    const title = this.titleOf(slot.key);
    const grip = make("button", { type: "button", className: "iaca-grip", textContent: "⠿" });
    grip.dataset.row = slot.key;
    grip.title = "Drag to move the row. Keys: ↑ ↓ move, + − resize, Delete hides";
    grip.setAttribute(
      "aria-label",
      `Move or resize the row ${title}: arrow up and down move it, plus and minus resize it, Delete hides it`,
    );
    grip.addEventListener("keydown", (event) => this.pressed(event, slot));
    grip.addEventListener("pointerdown", (event) => this.drag(event, grip, slot));
    const close = make("button", { type: "button", className: "iaca-hide", textContent: "×" });
    close.title = "Hide this row; “Rows” brings it back";
    close.setAttribute("aria-label", `Hide the row ${title}`);
    close.addEventListener("click", () => this.hide(slot.key));
    return [grip, close];
  }

  /**
   * Show a slot that is hidden, or hide it.
   * @param {string} key
   */
  toggle(key) {
    const { arrangement } = this.player;
    arrangement.hide(key, !arrangement.isHidden(this.rows, key));
    this.player.arrange();
  }

  reset() {
    this.player.arrangement.reset();
    this.player.arrange();
  }

  /** @param {string} key */
  hide(key) {
    this.player.arrangement.hide(key, true);
    this.player.arrange();
    this.summary.focus();
  }

  /**
   * @param {KeyboardEvent} event
   * @param {Slot} slot
   */
  pressed(event, slot) {
    const { arrangement, spec, root } = this.player;
    const { key, height } = slot;
    /** @type {Partial<Record<string, () => void>>} */
    const acts = {
      ArrowUp: () => arrangement.shift(this.rows, spec.models, key, -1),
      ArrowDown: () => arrangement.shift(this.rows, spec.models, key, 1),
      "+": () => arrangement.resize(key, height + STEP_PX),
      "-": () => arrangement.resize(key, height - STEP_PX),
    };
    if (event.key === "Delete" || event.key === "Backspace") {
      event.preventDefault();
      return this.hide(key);
    }
    const act = acts[event.key];
    if (!act) return;
    event.preventDefault();
    act();
    this.player.arrange();
    [...root.querySelectorAll("button")]
      .find((one) => one.className === "iaca-grip" && one.dataset.row === key)
      ?.focus();
  }

  /**
   * @param {PointerEvent} event
   * @param {HTMLElement} grip
   * @param {Slot} slot
   */
  drag(event, grip, slot) {
    const box = grip.closest(".iaca-row-legend");
    if (event.button !== 0 || !(box instanceof HTMLElement)) return;
    const { plot, arrangement } = this.player;
    grip.setPointerCapture(event.pointerId);
    const start = event.clientY;
    box.classList.add("iaca-dragged");
    const move = (/** @type {PointerEvent} */ now) => {
      box.style.transform = `translateY(${now.clientY - start}px)`;
    };
    const drop = (/** @type {PointerEvent} */ now) => {
      grip.removeEventListener("pointermove", move);
      box.classList.remove("iaca-dragged");
      const y = now.clientY - plot.element.getBoundingClientRect().top;
      const places = plot.places();
      const target = places.findLast(({ top, gap }) => y >= top - gap) ?? places[0];
      arrangement.move(this.rows, slot.key, target.key);
      this.player.arrange();
    };
    grip.addEventListener("pointermove", move);
    grip.addEventListener("pointerup", drop, { once: true });
  }

  showMenu() {
    const { rows, choices } = this;
    const { arrangement } = this.player;
    const { activeElement } = document;
    const focused =
      activeElement instanceof HTMLInputElement && choices.contains(activeElement) ? activeElement.value : null;
    const list = make("fieldset", {}, make("legend", { textContent: "Rows" }));
    for (const key of arrangement.ordered(rows)) {
      const box = make("input", { type: "checkbox", value: key, checked: !arrangement.isHidden(rows, key) });
      box.addEventListener("change", () => this.toggle(key));
      list.append(make("label", {}, box, ` ${this.titleOf(key)}`));
    }
    choices.replaceChildren(list);
    [...choices.querySelectorAll("input")].find((input) => input.value === focused)?.focus();
  }
}
