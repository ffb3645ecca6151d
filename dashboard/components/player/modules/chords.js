// @ts-check
// Names of keys with their modifiers: as events have them, and as users read them.

/** @type {Partial<Record<string, string>>} */
const CAPS = {
  ArrowLeft: "←",
  ArrowRight: "→",
  Escape: "Esc",
  "-": "−",
};

/**
 * What was pressed, as in "k", "Shift+ArrowLeft", "Ctrl+Shift+z" or "?"; null with Alt. The command key of a Mac counts
 * as Ctrl, and of a character that needs Shift the character counts alone.
 * @param {Pick<KeyboardEvent, "key" | "ctrlKey" | "metaKey" | "shiftKey" | "altKey">} event
 */
export function chordOf({ key, ctrlKey, metaKey, shiftKey, altKey }) {
  if (altKey) return null;
  const control = ctrlKey || metaKey;
  const isCharacter = key.length === 1;
  const name = key === " " ? "Space" : isCharacter ? key.toLowerCase() : key;
  const shift = shiftKey && (!isCharacter || control || key === " ");
  return `${control ? "Ctrl+" : ""}${shift ? "Shift+" : ""}${name}`;
}

/**
 * The caps of a chord, as in ["Shift", "←"].
 * @param {string} chord
 * @param {boolean} [mac] Whether Ctrl is called as on a Mac.
 */
export function capsOf(chord, mac = false) {
  return chord
    .split(/(?<=.)\+(?=.)/)
    .map((part) => (part === "Ctrl" && mac ? "⌘" : (CAPS[part] ?? (part.length === 1 ? part.toUpperCase() : part))));
}
