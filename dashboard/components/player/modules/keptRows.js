// @ts-check
// The arrangement of rows belongs to the browser and is kept there; a link brings its own along.

import { askedRows, writeRows } from "./address.js";
import { Arrangement, parseArrangement } from "./arrangement.js";

const KEY = "iaca-rows";

function stored() {
  try {
    return localStorage.getItem(KEY);
  } catch {
    return null; // a browser that forbids storage: as if there were nothing
  }
}

/** @param {Arrangement} arrangement */
function keep(arrangement) {
  writeRows(arrangement.text);
  try {
    localStorage.setItem(KEY, JSON.stringify(arrangement.state));
  } catch {
    // Then it lasts as long as the page.
  }
}

/** The arrangement that the link asks for, or else that of the last visit. */
export function keptArrangement() {
  return new Arrangement(parseArrangement(askedRows()) ?? parseArrangement(stored()), keep);
}
