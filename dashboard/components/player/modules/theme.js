// @ts-check
// Colours of the page, read from Streamlit's CSS variables, so that light, dark and custom themes all work.

import { penOf } from "./dom.js";

/** @import { Colour } from "../../types" */
/** @typedef {[red: number, green: number, blue: number]} Channels */
/** @typedef {ReturnType<typeof readTheme>} Theme */

/** @type {Map<string, Channels>} */
const channels = new Map(); // by colour

/**
 * Red, green and blue of any CSS colour, from 0 to 255.
 * @param {string} colour
 * @returns {Channels}
 */
export function channelsOf(colour) {
  let found = channels.get(colour);
  if (!found) {
    const pen = penOf(new OffscreenCanvas(1, 1));
    pen.fillStyle = colour;
    pen.fillRect(0, 0, 1, 1);
    const [red, green, blue] = pen.getImageData(0, 0, 1, 1).data;
    found = [red, green, blue];
    channels.set(colour, found);
  }
  return found;
}

/** @param {string} colour */
function luminance(colour) {
  const [red, green, blue] = channelsOf(colour);
  return (0.2126 * red + 0.7152 * green + 0.0722 * blue) / 255;
}

/**
 * Pixels of a spectrogram for loudness 0 to 255: from the background via the colour of the sound to that of the text.
 * @param {Channels} background
 * @param {Channels} sound
 * @param {Channels} text
 */
export function rampOf(background, sound, text) {
  const ramp = new Uint32Array(256);
  for (let i = 0; i < 256; i++) {
    const [from, to, share] = i < 160 ? [background, sound, i / 160] : [sound, text, (i - 160) / 95];
    const [red, green, blue] = from.map((channel, k) => Math.round(channel + share * (to[k] - channel)));
    ramp[i] = 0xff000000 | (blue << 16) | (green << 8) | red;
  }
  return ramp;
}

/** @param {Element} element */
export function readTheme(element) {
  const style = getComputedStyle(element);
  /**
   * @param {string} name
   * @param {string} otherwise
   */
  const value = (name, otherwise) => style.getPropertyValue(name).trim() || otherwise;
  const background = value("--st-background-color", "#ffffff");
  const dark = luminance(background) < 0.5;
  const text = value("--st-text-color", dark ? "#fafafa" : "#31333f");
  return {
    dark,
    background,
    text,
    font: value("--st-font", "sans-serif"),
    grid: dark ? "rgba(250,250,250,0.13)" : "rgba(49,51,63,0.11)",
    axis: dark ? "rgba(250,250,250,0.72)" : "rgba(49,51,63,0.78)",
    ratio: window.devicePixelRatio || 1,
    /**
     * The variant of a colour for this theme.
     * @param {Colour} colour
     */
    pick(colour) {
      return colour === "text" ? text : colour[dark ? 1 : 0];
    },
  };
}

/**
 * A colour with an opacity, in a notation that both CSS and canvas read.
 * @param {string} colour
 * @param {number} opacity
 */
export function fade(colour, opacity) {
  const [red, green, blue] = channelsOf(colour);
  return `rgba(${red},${green},${blue},${opacity})`;
}
