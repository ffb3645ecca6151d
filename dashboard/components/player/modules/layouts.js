// @ts-check
// The choice of models: overlaid, side by side, or one alone.

import { OVERLAY, SIDE } from "./arrangement.js";
import { make } from "./dom.js";

/** @import { Player } from "./main.js" */

export class Layouts {
  titles = ""; // of the models that can be chosen, as last shown

  /**
   * @param {Player} player
   * @param {HTMLSelectElement} select
   */
  constructor(player, select) {
    this.player = player;
    this.select = select;
    const choose = () => {
      player.arrangement.setLayout(select.value);
      player.arrange();
    };
    select.addEventListener("change", choose, { signal: player.listeners.signal });
  }

  show() {
    const { player, select } = this;
    const { models } = player.spec;
    select.hidden = models.length < 2;
    const titles = JSON.stringify(models);
    if (titles !== this.titles) {
      this.titles = titles;
      const one = models.map((title, i) => make("option", { value: String(i), textContent: `${title} only` }));
      const all = [
        make("option", { value: OVERLAY, textContent: "Overlaid" }),
        make("option", { value: SIDE, textContent: "Side by side" }),
      ];
      select.replaceChildren(...all, ...one);
    }
    select.value = player.arrangement.layout(models);
  }
}
