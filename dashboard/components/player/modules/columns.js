// @ts-check
// Columns of numbers, fetched once by address or sent with the update, expanded to one value per frame.

/** @import { Columns, Filling, PlayerData, Table } from "../../types" */

const KEPT = 24; // most recent tables that are kept

/** @type {Map<string, Promise<unknown>>} */
const fetched = new Map(); // address and shape -> its columns

/** @param {string} place */
async function download(place) {
  const answer = await fetch(new URL(place, document.baseURI));
  if (!answer.ok) throw new Error(`The server did not send the curves (HTTP ${answer.status}). Reload the page.`);
  return answer.arrayBuffer();
}

/**
 * Expand values at clip ends to frames: predictions are interpolated and gates are held, as in iaca.inference.
 * @param {Float32Array} values
 * @param {Filling} how
 * @param {number} stride Frames from one value to the next.
 * @param {number} count Frames.
 */
export function expand(values, how, stride, count) {
  if (how === "frames" || stride === 1) return values;
  const frames = new Float32Array(count);
  const last = values.length - 1;
  for (let k = 0; k < count; k++) {
    const clip = Math.min(last, Math.floor(k / stride));
    const share = how === "linear" && clip < last ? (k - clip * stride) / stride : 0;
    frames[k] = share ? values[clip] + share * (values[clip + 1] - values[clip]) : values[clip];
  }
  return frames;
}

/**
 * @template T
 * @param {string} key
 * @param {() => Promise<T>} load
 * @returns {Promise<T>}
 */
function keep(key, load) {
  const found = /** @type {Promise<T>} */ (fetched.get(key) ?? load());
  fetched.delete(key);
  fetched.set(key, found);
  found.catch(() => fetched.delete(key));
  if (fetched.size > KEPT) fetched.delete(fetched.keys().next().value ?? key);
  return found;
}

/**
 * Load the only column of a float64 table.
 * @param {Table} table
 */
export function loadTimes([, , , , place]) {
  return keep(place, async () => new Float64Array(await download(place)));
}

/**
 * Load all columns of an update.
 * @param {PlayerData} data
 * @param {number} count Frames.
 * @returns {Promise<Columns>}
 */
export async function loadColumns(data, count) {
  const parts = await Promise.all(data.tables.map((table) => expanded(data, table, count)));
  return Object.fromEntries(parts.flatMap((columns, i) => columns.map((column, k) => [data.tables[i][0][k], column])));
}

/**
 * @param {PlayerData} data
 * @param {Table} table
 * @param {number} count
 */
async function expanded(data, [names, how, stride, length, place], count) {
  const live = data[/** @type {`live_${number}`} */ (place)];
  if (live)
    return names.map((_, i) => expand(/** @type {Float32Array} */ (live.getChildAt(i)?.toArray()), how, stride, count));
  return keep([place, how, stride, count].join(), async () => {
    const content = await download(place);
    return names.map((_, i) => expand(new Float32Array(content, 4 * i * length, length), how, stride, count));
  });
}
