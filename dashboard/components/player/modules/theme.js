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

export function readTheme(element) {
  const style = getComputedStyle(element);
  const value = (name, otherwise) => style.getPropertyValue(name).trim() || otherwise;
  const background = value("--st-background-color", "#ffffff");
  const dark = luminance(background) < 0.5;
  return {
    dark,
    background,
    text: value("--st-text-color", dark ? "#fafafa" : "#31333f"),
    font: value("--st-font", "sans-serif"),
    grid: dark ? "rgba(250,250,250,0.13)" : "rgba(49,51,63,0.11)",
    axis: dark ? "rgba(250,250,250,0.72)" : "rgba(49,51,63,0.78)",
    // A colour of the palette is a pair, for light and for dark; "text" follows the page.
    pick(colour) {
      return colour === "text" ? this.text : colour[dark ? 1 : 0];
    },
  };
}

// A colour with an opacity, in the one notation that CSS, canvas and Plotly all read.
export function fade(colour, opacity) {
  const [red, green, blue] = parse(colour);
  return `rgba(${red},${green},${blue},${opacity})`;
}
