// What a range of frames amounts to: agreement with the truth over its annotated frames, and mean gates.

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

function cell(tag, text, value) {
  const made = document.createElement(tag);
  made.textContent = text;
  if (value !== undefined) made.dataset.value = value;
  if (tag === "th") made.scope = "row";
  return made;
}

function number(value, digits) {
  return Number.isNaN(value) ? cell("td", "–", value) : cell("td", value.toFixed(digits).replace("-", "−"), value);
}

export class RangePanel {
  constructor(panel) {
    this.panel = panel;
    this.title = panel.querySelector(".iaca-heading");
    this.scores = panel.querySelector("[data-testid=player-range-scores] tbody");
    this.gates = panel.querySelector("[data-testid=player-range-gates]");
  }

  show(range, spec, rows, frames, times) {
    if (!range) return this.hide(true);
    const [first, last] = range;
    const [truth, ...models] = spec.points;
    const valid = agreement(frames[truth.valence], frames[truth.valence], first, last).count;
    Object.assign(this.panel.dataset, { first, last, valid });
    const total = last - first + 1;
    this.title.textContent = `Range ${times[first].toFixed(2)} to ${times[last].toFixed(2)} s: frames ${first} to ${last}, ${valid} of ${total} annotated`;
    this.scores.replaceChildren(
      ...models.filter((point) => frames[point.valence]).map((point) => {
        const line = document.createElement("tr");
        const parts = ["valence", "arousal"].map((name) => agreement(frames[truth[name]], frames[point[name]], first, last));
        line.append(cell("th", point.name), ...parts.map((part) => number(part.ccc, 3)), ...parts.map((part) => number(part.rmse, 3)));
        return line;
      }),
    );
    const weights = rows.filter((row) => row.traces.some((curve) => curve.stack));
    this.gates.hidden = !weights.length;
    this.gates.querySelector("tbody").replaceChildren(
      ...weights.map((row) => {
        const line = document.createElement("tr");
        const parts = row.traces.filter((curve) => curve.stack && frames[curve.column]);
        const text = parts.map((curve) => `${curve.name} ${mean(frames[curve.column], first, last).toFixed(2)}`).join(" · ");
        const values = cell("td", text);
        values.dataset.row = row.key;
        values.dataset.means = JSON.stringify(parts.map((curve) => mean(frames[curve.column], first, last)));
        line.append(cell("th", row.title), values);
        return line;
      }),
    );
    this.hide(false);
  }

  // The panel opens above the rows: those that the pointer brushes stay under it.
  hide(hidden) {
    if (this.panel.hidden === hidden) return;
    const brushed = this.panel.parentElement.querySelector(".iaca-rows:active");
    const before = brushed?.getBoundingClientRect().top;
    this.panel.hidden = hidden;
    if (brushed) this.panel.closest("[data-testid=stMain]").scrollTop += brushed.getBoundingClientRect().top - before;
  }
}
