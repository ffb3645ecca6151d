// @ts-check
// The address of the page always holds the exact frame, the range and the rows, ready to be copied. It is written in
// the browser, since going through the server would rerun the page.

/** @import { FrameRange } from "../../types" */

const CURSOR = "iaca-cursor"; // key under which other pages find the cursor

/**
 * An address with some parameters set, or removed if null.
 * @param {string} address
 * @param {Record<string, string | null>} values
 */
export function withParameters(address, values) {
  const url = new URL(address);
  for (const [name, value] of Object.entries(values)) {
    if (value === null) url.searchParams.delete(name);
    else url.searchParams.set(name, value);
  }
  return url.href;
}

/** @param {Record<string, string | null>} values */
function replace(values) {
  const { href } = window.location;
  const wanted = withParameters(href, values);
  if (wanted !== href) window.history.replaceState(window.history.state, "", wanted);
}

/**
 * @param {string} subject
 * @param {number} frame
 * @param {FrameRange | null} range
 */
export function writeAddress(subject, frame, range) {
  replace({ frame: frame ? String(frame) : null, range: range && range.join("-") });
  try {
    sessionStorage.setItem(CURSOR, JSON.stringify({ subject, frame }));
  } catch {
    // Without storage, other pages start at the first frame.
  }
}

/** @param {string} arrangement */
export function writeRows(arrangement) {
  replace({ rows: arrangement || null });
}

/** The arrangement of rows that the address asks for. */
export function askedRows() {
  return new URL(window.location.href).searchParams.get("rows");
}
