// Colours of the page, read from Streamlit's own variables, so that light, dark and custom themes all fit.

const channels = new Map(); // any CSS colour -> [red, green, blue]

function parse(colour) {
  if (!channels.has(colour)) {
    const context = new OffscreenCanvas(1, 1).getContext("2d", { willReadFrequently: true });
    context.fillStyle = colour;
    context.fillRect(0, 0, 1, 1);
    channels.set(colour, [...context.getImageData(0, 0, 1, 1).data].slice(0, 3));
  }
  return channels.get(colour);
}

function luminance(colour) {
  const [red, green, blue] = parse(colour);
  return (0.2126 * red + 0.7152 * green + 0.0722 * blue) / 255;
}

// Shades of a spectrogram from 0 to 255, from the background over the colour of the sound to the text, as pixels.
function rampOf(background, sound, text) {
  const [from, over, to] = [background, sound, text].map(parse);
  const ramp = new Uint32Array(256);
  for (let i = 0; i < 256; i++) {
    const [a, b, share] = i < 160 ? [from, over, i / 160] : [over, to, (i - 160) / 95];
    const [red, green, blue] = a.map((channel, k) => Math.round(channel + share * (b[k] - channel)));
    ramp[i] = 0xff000000 | (blue << 16) | (green << 8) | red;
  }
  return ramp;
}

export function readTheme(element) {
  const style = getComputedStyle(element);
  const value = (name, otherwise) => style.getPropertyValue(name).trim() || otherwise;
  const background = value("--st-background-color", "#ffffff");
  const dark = luminance(background) < 0.5;
  const text = value("--st-text-color", dark ? "#fafafa" : "#31333f");
  const sound = dark ? "#e69f00" : "#b87400";
  return {
    sound,
    ramp: rampOf(background, sound, text),
    dark,
    background,
    text,
    font: value("--st-font", "sans-serif"),
    grid: dark ? "rgba(250,250,250,0.13)" : "rgba(49,51,63,0.11)",
    axis: dark ? "rgba(250,250,250,0.72)" : "rgba(49,51,63,0.78)",
    // A colour of the palette is a pair, for light and for dark; "text" follows the page.
    pick(colour) {
      return colour === "text" ? this.text : colour[dark ? 1 : 0];
    },
  };
}

// A colour with an opacity, in the one notation that CSS and canvas both read.
export function fade(colour, opacity) {
  const [red, green, blue] = parse(colour);
  return `rgba(${red},${green},${blue},${opacity})`;
}
