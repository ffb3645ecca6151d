// @ts-check
// The picture on the whole screen. Keys and cursor go on as before.

/** @import { Player } from "./main.js" */

export class FullScreen {
  /** @type {Element | null} */
  left = null; // what had the focus before

  /**
   * @param {Player} player
   * @param {HTMLElement} screen
   */
  constructor(player, screen) {
    this.screen = screen;
    const { signal } = player.listeners;
    document.addEventListener("fullscreenchange", () => this.changed(), { signal });
    // Most browsers leave by themselves, and send no such key.
    const escape = (/** @type {KeyboardEvent} */ event) => {
      if (event.key === "Escape" && this.on) document.exitFullscreen();
    };
    document.addEventListener("keydown", escape, { signal, capture: true });
  }

  get on() {
    return document.fullscreenElement === this.screen;
  }

  async toggle() {
    if (this.on) return document.exitFullscreen();
    this.left = document.activeElement;
    await this.screen.requestFullscreen();
  }

  // A button that keeps the focus would be pressed by Space, which plays.
  changed() {
    const { left } = this;
    if (this.on) this.screen.focus();
    else if (document.activeElement === this.screen && left instanceof HTMLElement) left.focus({ preventScroll: true });
  }
}
