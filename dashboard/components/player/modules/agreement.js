// What a range of frames amounts to.

const MINIMUM_FRAMES = 2;

// CCC (Lin, 1989) and RMSE as in iaca.metrics: frames without annotation do not count; NaN where undefined.
export function agreement(truth, prediction, first, last) {
  let count = 0;
  let sumX = 0;
  let sumY = 0;
  for (let k = first; k <= last; k++) {
    if (Number.isNaN(truth[k])) continue;
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
  return {
    count,
    ccc: count < MINIMUM_FRAMES || !(denominator > 0) ? NaN : (2 * xy) / count / denominator,
    rmse: count ? Math.sqrt(square / count) : NaN,
  };
}

export function mean(values, first, last) {
  let sum = 0;
  for (let k = first; k <= last; k++) sum += values[k];
  return sum / (last - first + 1);
}
