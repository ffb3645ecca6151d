// @ts-check
// The video as the models get it: silent and grey where a clip is dropped, with noise on the sound and a blur.

import { find } from "./dom.js";

/** @import { Band, Given, Span } from "../../types" */
/** @import { Player } from "./main.js" */

const AUDIO_DROPPED = "audio dropped"; // labels of bands
const VISUAL_DROPPED = "visual dropped";
const GREY = "contrast(0)"; // every pixel becomes the same grey
const CROP_SIDE = 112; // px of the faces that a backbone gets
const LAG_S = 0.08; // by which the noisy sound may be off the picture

/**
 * Whether a second lies in a span.
 * @param {Span} span
 * @param {number} second
 */
const isIn = ([start, end], second) => start <= second && second < end;

/**
 * What is dropped at a second.
 * @param {Pick<Band, "kind" | "label" | "spans">[]} bands
 * @param {number} second
 */
export function droppedAt(bands, second) {
  return bands
    .filter(({ kind, spans }) => kind === "dropped" && spans.some((span) => isIn(span, second)))
    .map(({ label }) => label);
}

/**
 * Standard deviation of the blur on screen, CSS px: as strong as that of the crop, enlarged to the face on screen.
 * @param {NonNullable<Given["blur"]>} blur
 * @param {number} width Of the video, px.
 * @param {number} height
 * @param {number} shownWidth Of the picture on screen, CSS px.
 */
export function blurOnScreen({ sd_px, crop_side_px }, width, height, shownWidth) {
  const side = crop_side_px ?? Math.min(width, height);
  return (sd_px * (side / CROP_SIDE) * shownWidth) / width;
}

export class AsGiven {
  /** @type {Given | null} */
  given = null;
  failed = false; // whether the noisy sound cannot be played
  noisy = Object.assign(new Audio(), { preload: "auto" });

  /** @param {Player} player */
  constructor(player) {
    this.player = player;
    this.canvas = find(player.screen, ".iaca-picture", HTMLCanvasElement);
    this.badge = find(player.screen, ".iaca-given", HTMLElement);
    this.noisy.addEventListener("error", () => {
      this.failed = this.noisy.hasAttribute("src");
      player.tick();
    });
  }

  /** @param {Given | null} given */
  show(given) {
    this.given = given;
    const address = given?.noise ? new URL(given.noise.sound, document.baseURI).href : null;
    if (address === this.noisy.getAttribute("src")) return;
    this.failed = false;
    if (address) this.noisy.src = address;
    else this.silence();
  }

  // At a picture of the video.
  at(/** @type {number} */ second) {
    const { given, player, noisy } = this;
    const { video, playing } = player.clock;
    const dropped = given ? droppedAt(player.spec.bands, second) : [];
    const gain = dropped.includes(AUDIO_DROPPED) ? 0 : 1;
    const noise = this.failed ? null : (given?.noise ?? null);
    video.volume = noise ? 0 : gain;
    noisy.volume = gain;
    if (noise) this.follow(second, playing);
    const blank = dropped.includes(VISUAL_DROPPED);
    const blur = given?.blur && !blank && isIn(given.blur.span, second) ? given.blur : null;
    this.filter(blank, blur);
    this.say(dropped, gain && noise && isIn(noise.span, second) ? noise : null, blur);
  }

  /**
   * Keep the noisy sound with the picture.
   * @param {number} second
   * @param {boolean} playing
   */
  follow(second, playing) {
    const { noisy } = this;
    const { muted, playbackRate } = this.player.clock.video;
    Object.assign(noisy, { muted, playbackRate });
    if (!playing) return noisy.pause();
    if (Math.abs(noisy.currentTime - second) > LAG_S && !noisy.seeking) noisy.currentTime = second;
    if (noisy.paused) noisy.play().catch(() => {}); // the video is asked for again with the next picture
  }

  /**
   * @param {boolean} blank
   * @param {Given["blur"]} blur
   */
  filter(blank, blur) {
    const { width, height } = this.canvas;
    let filter = "";
    if (blank) filter = GREY;
    // Only here: to ask for its size would have the browser lay out the page with every frame of the video.
    else if (blur && width) filter = `blur(${blurOnScreen(blur, width, height, this.canvas.clientWidth).toFixed(2)}px)`;
    if (this.canvas.style.filter !== filter) this.canvas.style.filter = filter;
  }

  /**
   * @param {string[]} dropped
   * @param {Given["noise"]} noise
   * @param {Given["blur"]} blur
   */
  say(dropped, noise, blur) {
    const parts = [...dropped];
    if (noise) parts.push(`${noise.kind} noise, ${noise.snr_db} dB`);
    if (blur) parts.push(`blur ${blur.sd_px} px`);
    if (this.failed) parts.push("the noisy sound could not be loaded");
    const text = `As the models get it: ${parts.join(" · ") || "unchanged here"}`;
    this.badge.hidden = !this.given;
    if (this.badge.textContent !== text) this.badge.textContent = text;
  }

  silence() {
    this.noisy.pause();
    this.noisy.removeAttribute("src");
  }
}
