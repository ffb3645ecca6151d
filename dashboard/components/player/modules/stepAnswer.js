// @ts-check
// The answer to a step of a live control: a line of JSON and numbers behind it, which become tables as the page sends them.

/** @import { ArrowTable, Exact, FrameRange, PlayerData, Span, Table } from "../../types" */

/**
 * What the player shows in place of what the page last sent.
 * @typedef {Pick<PlayerData, "spec" | "tables"> & { exact: Exact, [live: `live_${number}`]: ArrowTable }} Answer
 */

/**
 * Columns at some of their frames: in view those where a line is lowest or highest in its pixel, and all that are read.
 * @typedef {object} Thinned
 * @property {[first: number, last: number, pixels: number]} view In frames.
 * @property {FrameRange[]} exact Spans of frames that are whole.
 * @property {[names: string[], length: number][]} groups Columns of the same frames.
 */

/**
 * @param {string[]} names
 * @param {Float32Array[]} columns
 * @returns {ArrowTable}
 */
function tableOf(names, columns) {
  return { schema: { fields: names.map((name) => ({ name })) }, getChildAt: (i) => ({ toArray: () => columns[i] }) };
}

/**
 * Spans of time of a mask over frames; a frame lasts until the next one.
 * @param {Uint8Array} bits One for each frame, the lowest of a byte first.
 * @param {Float64Array} times Of the frames.
 */
export function spansOf(bits, times) {
  const count = times.length;
  const end = count > 1 ? times[count - 1] + (times[count - 1] - times[count - 2]) : (times[0] ?? 0);
  /** @type {Span[]} */
  const spans = [];
  let from = -1;
  for (let frame = 0; frame <= count; frame++) {
    const set = frame < count && (bits[frame >> 3] >> (frame & 7)) & 1;
    if (set && from < 0) from = frame;
    else if (!set && from >= 0) {
      spans.push([times[from], frame < count ? times[frame] : end]);
      from = -1;
    }
  }
  return spans;
}

/**
 * One value for each frame: in every pixel in view those that were sent, each lasting until the next one, so that its
 * lowest and its highest value are the true ones; beyond the view those that were sent, and NaN elsewhere.
 * @param {Uint32Array} frames At which there are values, ascending.
 * @param {Float32Array} values
 * @param {Thinned["view"]} view
 * @param {number} count Frames.
 */
export function filled(frames, values, [first, last, pixels], count) {
  const found = new Float32Array(count).fill(NaN);
  frames.forEach((frame, i) => (found[frame] = values[i]));
  const seen = last - first + 1;
  let next = 0;
  while (next < frames.length && frames[next] < first) next++;
  for (let pixel = 0; pixel < pixels; pixel++) {
    let from = first + Math.floor((pixel * seen) / pixels);
    const to = first + Math.floor(((pixel + 1) * seen) / pixels);
    while (next < frames.length && frames[next] < to) {
      const until = next + 1 < frames.length && frames[next + 1] < to ? frames[next + 1] : to;
      found.fill(values[next], from, until);
      from = until;
      next++;
    }
  }
  return found;
}

/**
 * @param {ArrayBuffer} content
 * @param {Float64Array} times Of the frames.
 * @returns {Answer}
 */
export function unpack(content, times) {
  const bytes = new Uint8Array(content);
  const end = bytes.indexOf(10);
  /** @type {{ spec: PlayerData["spec"], tables: Table[], masks: number[], thinned: Thinned | null }} */
  const { spec, tables, masks, thinned } = JSON.parse(new TextDecoder().decode(bytes.subarray(0, end)));
  /** @type {Answer} */
  const answer = { spec, tables, exact: thinned?.exact ?? null };
  let offset = end + 1;
  const numbers = (/** @type {number} */ length) => {
    offset += 4 * length;
    return new Float32Array(content, offset - 4 * length, length);
  };
  for (const [names, , , length, place] of tables) {
    if (!place.startsWith("live_")) continue;
    answer[/** @type {`live_${number}`} */ (place)] = tableOf(
      names,
      names.map(() => numbers(length)),
    );
  }
  thinned?.groups.forEach(([names, length], i) => {
    const frames = new Uint32Array(content, offset, length);
    offset += 4 * length;
    const columns = names.map(() => filled(frames, numbers(length), thinned.view, times.length));
    tables.push([names, "frames", 1, times.length, `live_${i}`]);
    answer[`live_${i}`] = tableOf(names, columns);
  });
  const size = Math.ceil(times.length / 8);
  masks.forEach((band, i) => {
    spec.bands[band].spans = spansOf(bytes.subarray(offset + i * size, offset + (i + 1) * size), times);
  });
  return answer;
}
