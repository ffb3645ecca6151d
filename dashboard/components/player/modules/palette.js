// @ts-check
// The palette: type, choose, and the command is done. Its dialog is native, which takes the focus and returns it.

import { offered } from "./commands.js";
import { find, make } from "./dom.js";
import { ranked } from "./ranking.js";

/** @import { Player } from "./main.js" */

export class Palette {
  /** @type {ReturnType<typeof offered>} */
  listed = [];
  chosen = 0; // index of the command that Enter does

  /**
   * @param {Player} player
   * @param {HTMLDialogElement} dialog
   */
  constructor(player, dialog) {
    this.player = player;
    this.dialog = dialog;
    this.input = find(dialog, "input", HTMLInputElement);
    this.list = find(dialog, "ul", HTMLUListElement);
    const { signal } = player.listeners;
    this.input.addEventListener("input", () => this.show(), { signal });
    this.input.addEventListener("keydown", (event) => this.pressed(event), { signal });
    dialog.addEventListener("click", (event) => event.target === dialog && dialog.close(), { signal });
  }

  open() {
    if (this.dialog.open) return;
    this.input.value = "";
    this.dialog.showModal();
    this.show();
    this.input.focus();
  }

  show() {
    this.listed = ranked(offered(this.player), this.input.value);
    this.list.replaceChildren(
      ...this.listed.map((command, i) => {
        const { title, group, key, possible } = command;
        const item = make("li", { id: `iaca-command-${i}`, role: "option" }, make("span", { textContent: title }));
        item.append(make("small", { textContent: group }));
        if (key) item.append(make("kbd", { textContent: key }));
        item.ariaDisabled = possible ? null : "true";
        item.addEventListener("pointermove", () => this.choose(i));
        item.addEventListener("click", () => this.run(i));
        return item;
      }),
    );
    if (!this.listed.length)
      this.list.append(make("li", { className: "iaca-nothing", textContent: "No such command" }));
    this.choose(0);
  }

  /** @param {number} index */
  choose(index) {
    this.chosen = index;
    [...this.list.children].forEach((item, i) => {
      item.ariaSelected = String(i === index);
    });
    const item = this.listed[index] && this.list.children[index];
    if (item) this.input.setAttribute("aria-activedescendant", item.id);
    else this.input.removeAttribute("aria-activedescendant");
    item?.scrollIntoView({ block: "nearest" });
  }

  /** @param {KeyboardEvent} event */
  pressed(event) {
    const count = this.listed.length;
    if (event.key === "Enter") this.run(this.chosen);
    else if (event.key === "ArrowDown" && count) this.choose((this.chosen + 1) % count);
    else if (event.key === "ArrowUp" && count) this.choose((this.chosen + count - 1) % count);
    else return;
    event.preventDefault();
  }

  /** @param {number} index */
  run(index) {
    const command = this.listed[index];
    if (!command?.possible) return;
    this.dialog.close(); // first: it returns the focus, which the command may move
    command.act(this.player);
  }
}
