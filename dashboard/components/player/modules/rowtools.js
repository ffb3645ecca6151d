// Handles of the rows: move, resize and hide, by pointer and by keyboard; and the menu that brings rows back.

import { OVERLAY, SIDE } from "./arrangement.js";

const STEP_PX = 16;

function make(tag, properties, ...children) {
  const made = Object.assign(document.createElement(tag), properties);
  made.append(...children);
  return made;
}

function titleOf(rows, key) {
  const mine = rows.filter((row) => (row.slot || row.key) === key);
  return mine.length > 1 ? mine[0].title.split(" · ")[0] : mine[0].title;
}

export class RowTools {
  // `player` has spec, plot, arrangement, and arrange(), which lays the rows out again.
  constructor(player, dividers, menu) {
    this.player = player;
    this.dividers = dividers;
    this.menu = menu;
    document.addEventListener("pointerdown", (event) => menu.contains(event.target) || (menu.open = false), { signal: player.listeners.signal });
    menu.addEventListener("keydown", (event) => {
      if (event.key !== "Escape" || !menu.open) return;
      event.stopPropagation();
      menu.open = false;
      menu.querySelector("summary").focus();
    });
  }

  get rows() {
    return this.player.rows;
  }

  show() {
    const places = this.player.plot.places();
    this.dividers.replaceChildren(...places.map((place) => this.divider(place)));
    this.showMenu();
  }

  // Lower edge of a row: drag it to resize.
  divider({ key, top, height }) {
    const edge = make("div", { className: "iaca-divider", title: "Drag to resize; double click: as it was" });
    edge.style.top = `${top + height + 2}px`;
    edge.dataset.row = key;
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
      this.player.arrangement.resize(key, start.height + event.clientY - start.y);
      this.player.arrangeKeeping(edge);
    });
    edge.addEventListener("lostpointercapture", () => {
      if (start) this.player.arrange();
      start = null;
    });
    edge.addEventListener("dblclick", (event) => {
      event.stopPropagation();
      this.player.arrangement.resize(key, null);
      this.player.arrange();
    });
    return edge;
  }

  // Buttons in the legend of a row.
  buttons(slot) {
    const { player } = this;
    const title = titleOf(this.rows, slot.key);
    const grip = make("button", { type: "button", className: "iaca-grip", textContent: "⠿" });
    grip.dataset.row = slot.key;
    grip.title = "Drag to move the row. Keys: ↑ ↓ move, + − resize, Delete hides";
    grip.setAttribute("aria-label", `Move or resize the row ${title}: arrow up and down move it, plus and minus resize it, Delete hides it`);
    grip.addEventListener("keydown", (event) => this.pressed(event, slot));
    grip.addEventListener("pointerdown", (event) => this.drag(event, grip, slot));
    const close = make("button", { type: "button", className: "iaca-hide", textContent: "×", title: "Hide this row; “Rows” brings it back" });
    close.setAttribute("aria-label", `Hide the row ${title}`);
    close.addEventListener("click", () => this.hide(slot.key));
    return [grip, close];
  }

  hide(key) {
    this.player.arrangement.hide(this.rows, key, true);
    this.player.arrange();
    this.menu.querySelector("summary").focus();
  }

  pressed(event, slot) {
    const { arrangement } = this.player;
    const { models } = this.player.spec;
    const acts = {
      ArrowUp: () => arrangement.shift(this.rows, models, slot.key, -1),
      ArrowDown: () => arrangement.shift(this.rows, models, slot.key, 1),
      "+": () => arrangement.resize(slot.key, slot.height + STEP_PX),
      "-": () => arrangement.resize(slot.key, slot.height - STEP_PX),
    };
    if (event.key === "Delete" || event.key === "Backspace") {
      event.preventDefault();
      return this.hide(slot.key);
    }
    if (!acts[event.key]) return;
    event.preventDefault();
    acts[event.key]();
    this.player.arrange();
    this.player.root.querySelector(`.iaca-grip[data-row="${slot.key}"]`)?.focus();
  }

  drag(event, grip, slot) {
    if (event.button !== 0) return;
    const { plot, arrangement } = this.player;
    grip.setPointerCapture(event.pointerId);
    const box = grip.closest(".iaca-row-legend");
    const start = event.clientY;
    box.classList.add("iaca-dragged");
    const move = (now) => (box.style.transform = `translateY(${now.clientY - start}px)`);
    grip.addEventListener("pointermove", move);
    const drop = (now) => {
      grip.removeEventListener("pointermove", move);
      box.classList.remove("iaca-dragged");
      const place = plot.places().find((one) => one.key === slot.key);
      const middle = place.top + place.height / 2 + now.clientY - start;
      const target = plot.places().reduce((best, one) =>
        Math.abs(one.top + one.height / 2 - middle) < Math.abs(best.top + best.height / 2 - middle) ? one : best);
      arrangement.move(this.rows, slot.key, target.key);
      this.player.arrange();
    };
    grip.addEventListener("pointerup", drop, { once: true });
  }

  showMenu() {
    const { arrangement, spec } = this.player;
    const body = this.menu.querySelector("div");
    const focused = body.contains(document.activeElement) ? document.activeElement.value : null;
    const choice = (type, name, value, checked, text, act) => {
      const input = make("input", { type, name, value, checked });
      input.addEventListener("change", () => act(input.checked));
      return make("label", {}, input, ` ${text}`);
    };
    const layouts = spec.models.length < 2 ? [] : [
      [OVERLAY, "Both, one over the other"],
      [SIDE, "Side by side"],
      ...spec.models.map((title, i) => [String(i), `${title} alone`]),
    ];
    const current = arrangement.layout(spec.models);
    const all = make("button", { type: "button", textContent: "As at first" });
    all.addEventListener("click", () => {
      arrangement.reset();
      this.player.arrange();
    });
    const models = make("fieldset", { hidden: !layouts.length }, make("legend", { textContent: "Models" }),
      ...layouts.map(([value, text]) => choice("radio", "iaca-layout", value, value === current, text, () => {
        arrangement.setLayout(value);
        this.player.arrange();
      })));
    const rows = make("fieldset", {}, make("legend", { textContent: "Rows" }),
      ...arrangement.ordered(this.rows).map((key) => choice("checkbox", "iaca-row", key, !arrangement.isHidden(this.rows, key), titleOf(this.rows, key), (on) => {
        arrangement.hide(this.rows, key, !on);
        this.player.arrange();
      })));
    body.replaceChildren(models, rows, all);
    if (focused !== null) body.querySelector(`input[value="${focused}"]`)?.focus();
  }
}
