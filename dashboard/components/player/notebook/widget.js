// @ts-check
// The player in a notebook: the modules of the page, fed with tables that travel with the widget. There is no server,
// so every module, table and video gets an address of the browser's own.

/** @import { PlayerData, Report, Table } from "../../types" */
/** @typedef {typeof import("../modules/main.js")} Main */

/**
 * What the widget holds; bytes arrive as views of buffers.
 * @typedef {object} State
 * @property {Record<string, string>} modules Sources by file name.
 * @property {string} html
 * @property {Omit<PlayerData, "modules">} content Tables and video name their bytes by index.
 * @property {DataView[]} buffers
 * @property {Report | null} place
 * @property {[token: string, second: number] | null} target Where the cursor shall go.
 */

/**
 * The part of anywidget's model that is used here.
 * @typedef {object} Model
 * @property {<K extends keyof State>(name: K) => State[K]} get
 * @property {<K extends keyof State>(name: K, value: State[K]) => void} set
 * @property {() => void} save_changes
 * @property {(event: string, act: () => void) => void} on
 * @property {(event: string, act: () => void) => void} off
 */

const IMPORTED = /^(import [^;]*?from )"\.\/(\w+\.js)"/gm; // not the imports of types, which stand in comments

/**
 * Import `main.js` and, before it, all that it imports.
 * @param {Record<string, string>} sources
 * @returns {Promise<Main>}
 */
async function load(sources) {
  /** @type {Map<string, string>} */
  const addresses = new Map();
  /**
   * @param {string} name
   * @returns {string}
   */
  const addressOf = (name) => {
    const known = addresses.get(name);
    if (known) return known;
    const source = sources[name].replace(IMPORTED, (_, before, other) => `${before}"${addressOf(other)}"`);
    const address = URL.createObjectURL(new Blob([source], { type: "text/javascript" }));
    addresses.set(name, address);
    return address;
  };
  try {
    return await import(addressOf("main.js"));
  } finally {
    addresses.forEach((address) => URL.revokeObjectURL(address));
  }
}

/** @param {{ model: Model, el: HTMLElement }} widget */
async function render({ model, el }) {
  const { loaded, release } = reachable(model);
  el.classList.add("iaca-notebook");
  el.innerHTML = model.get("html");
  // The keys of a notebook are its own, except while the player has the focus.
  el.querySelector(".iaca-player")?.setAttribute("data-keys", "own");
  const main = await load(model.get("modules"));
  const setStateValue = (/** @type {string} */ name, /** @type {unknown} */ value) => {
    if (name !== "place") return;
    model.set("place", /** @type {Report} */ (value));
    model.save_changes();
  };
  const show = () =>
    main.render({
      data: { ...loaded, seek: model.get("target") },
      parentElement: el,
      setStateValue,
      setTriggerValue: () => {},
    });
  const unmount = show();
  model.on("change:target", show);
  return () => {
    model.off("change:target", show);
    unmount();
    release();
  };
}

/**
 * The content of the widget, with an address for all that it names by index.
 * @param {Model} model
 */
function reachable(model) {
  const content = model.get("content");
  /** @type {string[]} */
  const addresses = [];
  const addressOf = (/** @type {string} */ index, type = "application/octet-stream") => {
    const bytes = model.get("buffers")[Number(index)];
    const own = new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    const address = URL.createObjectURL(new Blob([/** @type {BlobPart} */ (own)], { type }));
    addresses.push(address);
    return address;
  };
  const placed = (/** @type {Table} */ [columns, how, stride, length, place]) =>
    /** @type {Table} */ ([columns, how, stride, length, addressOf(place)]);
  const [pts, media] = content.clock;
  /** @type {PlayerData} */
  const loaded = {
    ...content,
    modules: "",
    clock: [placed(pts), placed(media)],
    tables: content.tables.map(placed),
    video: content.video && addressOf(content.video, "video/mp4"),
    sound: content.sound && addressOf(content.sound),
  };
  return { loaded, release: () => addresses.forEach((address) => URL.revokeObjectURL(address)) };
}

export default { render };
