// @ts-check
// Statistics of a range of frames.

const MINIMUM_FRAMES = 2;

/**
 * CCC (Lin, 1989) and RMSE as in iaca.metrics: frames without annotation do not count; NaN where undefined.
 * @param {ArrayLike<number>} truth NaN where there is no annotation.
 * @param {ArrayLike<number>} prediction
 * @param {number} first
 * @param {number} last
 */
export function scores(truth, prediction, first, last) {
  let count = 0;
  let sumX = 0;
  let sumY = 0;
  let constant = NaN; // the first value, as long as all others equal it
  for (let k = first; k <= last; k++) {
    if (Number.isNaN(truth[k])) continue;
    if (!count) constant = truth[k];
    if (truth[k] !== constant || prediction[k] !== constant) constant = NaN;
    count++;
    sumX += truth[k];
    sumY += prediction[k];
  }
  const [meanX, meanY] = [sumX / count, sumY / count];
  let [xx, yy, xy, square] = [0, 0, 0, 0];
  for (let k = first; k <= last; k++) {
    if (Number.isNaN(truth[k])) continue;
    const [x, y] = [truth[k] - meanX, prediction[k] - meanY];
    xx += x * x;
    yy += y * y;
    xy += x * y;
    square += (truth[k] - prediction[k]) ** 2;
  }
  const denominator = xx / count + yy / count + (meanX - meanY) ** 2;
  // The mean of equal numbers may be off by a rounding error; the ratio of two such errors is 1.
  const defined = count >= MINIMUM_FRAMES && Number.isNaN(constant) && denominator > 0;
  return {
    count,
    ccc: defined ? (2 * xy) / count / denominator : NaN,
    rmse: count ? Math.sqrt(square / count) : NaN,
  };
}

/**
 * @param {Float32Array} values
 * @param {number} first
 * @param {number} last
 */
export function mean(values, first, last) {
  let sum = 0;
  for (let k = first; k <= last; k++) sum += values[k];
  return sum / (last - first + 1);
}
