// @ts-check
// The arrangement of rows is stored in the browser; a link overrides it.

import { askedRows, writeRows } from "./address.js";
import { Arrangement, parseArrangement } from "./arrangement.js";

const KEY = "iaca-rows";

function stored() {
  try {
    return localStorage.getItem(KEY);
  } catch {
    return null; // storage is forbidden: treat it as empty
  }
}

/** @param {Arrangement} arrangement */
function keep(arrangement) {
  writeRows(arrangement.text);
  try {
    localStorage.setItem(KEY, JSON.stringify(arrangement.state));
  } catch {
    // Without storage, it lasts until the page is closed.
  }
}

/** The arrangement from the link, or else from the last visit. */
export function keptArrangement() {
  return new Arrangement(parseArrangement(askedRows()) ?? parseArrangement(stored()), keep);
}
