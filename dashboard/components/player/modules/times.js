// @ts-check
// Times of frames and pictures, in ascending order. Frame numbers always come from such a table, never from time x fps,
// which is wrong for files with a variable frame rate.

/**
 * Index of the time nearest to `time`.
 * @param {ArrayLike<number>} times
 * @param {number} time
 */
export function nearest(times, time) {
  let low = 0;
  let high = times.length - 1;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((times[middle] + times[middle + 1]) / 2 <= time) low = middle + 1;
    else high = middle;
  }
  return low;
}

/**
 * The time at a share of the duration of picture `k`.
 * @param {ArrayLike<number>} times
 * @param {number} k
 * @param {number} share
 */
export function timeWithin(times, k, share) {
  const from = Math.min(k, Math.max(0, times.length - 2)); // the last picture lasts as long as the one before it
  const interval = times.length > 1 ? times[from + 1] - times[from] : 0;
  return times[k] + share * interval;
}

/**
 * Format seconds as minutes, seconds and milliseconds.
 * @param {number} seconds
 */
export function clockText(seconds) {
  const milliseconds = Math.round(1000 * seconds);
  const minutes = Math.floor(milliseconds / 60000);
  return `${String(minutes).padStart(2, "0")}:${(milliseconds / 1000 - 60 * minutes).toFixed(3).padStart(6, "0")}`;
}
