// @ts-check
// Streamlit sends this text with every update, so it only loads the player, a set of modules that the browser fetches
// once.

/** @import { Component, PlayerData } from "../types" */
/** @typedef {typeof import("./modules/main.js")} Main */

/** @param {Component<PlayerData>} component */
export default function (component) {
  const address = new URL(component.data.modules + "/main.js", document.baseURI).href;
  const mounted = import(address).then((/** @type {Main} */ main) => main.render(component));
  return () => {
    mounted.then((unmount) => unmount());
  };
}
