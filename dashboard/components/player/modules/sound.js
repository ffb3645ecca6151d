// The sound of the video as rows: envelope of the waveform, and mel spectrogram. Fetched once, when first shown.

const HEADER = 20; // bytes
const summaries = new Map(); // address -> { state, ... }

// The summary at an address; `state` is loading, ready, silent or failed, and `onReady` is called once it is another.
export function summaryOf(address, onReady) {
  if (!address) return { state: "silent" };
  if (!summaries.has(address)) {
    const summary = { state: "loading" };
    summaries.clear(); // one video at a time
    summaries.set(address, summary);
    load(address, summary).catch(() => (summary.state = "failed")).then(onReady);
  }
  return summaries.get(address);
}

async function load(address, summary) {
  const answer = await fetch(new URL(address, document.baseURI));
  if (answer.status === 204) return void (summary.state = "silent");
  if (!answer.ok) throw new Error(String(answer.status));
  const content = await answer.arrayBuffer();
  const [columns, bands, bins, seconds] = new Float32Array(content, 0, HEADER / 4);
  const after = HEADER + columns * bands;
  Object.assign(summary, {
    state: "ready", columns, bands, bins, seconds,
    mel: new Uint8Array(content, HEADER, columns * bands),
    low: new Int8Array(content, after, columns * bins),
    high: new Int8Array(content, after + columns * bins, columns * bins),
  });
}

// Draw a row of the sound into a box (in device pixels) that shows `view`, [start, end] in seconds.
export function drawSound(pen, kind, summary, box, view, theme) {
  if (summary.state !== "ready") {
    const told = { loading: "reading the sound …", silent: "this video has no sound", failed: "the sound could not be read" };
    pen.fillStyle = theme.axis;
    pen.font = `${11 * theme.ratio}px ${theme.font}`;
    pen.textAlign = "center";
    pen.fillText(told[summary.state], box.left + box.width / 2, box.top + box.height / 2);
  } else if (kind === "waveform") drawWaveform(pen, summary, box, view, theme);
  else drawSpectrogram(pen, summary, box, view, theme);
}

// First and one past the last of `count` items, of `seconds` each, that lie in pixel `x` of `width`.
function itemsAt(x, width, [start, end], seconds, count) {
  const from = start + (x / width) * (end - start);
  const to = start + ((x + 1) / width) * (end - start);
  const first = Math.floor(from / seconds);
  return [Math.max(0, first), Math.min(count, Math.max(first + 1, Math.floor(to / seconds)))];
}

function drawWaveform(pen, { low, high, bins, seconds }, box, view, theme) {
  const middle = box.top + box.height / 2;
  const reach = box.height / 2 / 127;
  pen.fillStyle = theme.sound;
  for (let x = 0; x < box.width; x++) {
    const [first, last] = itemsAt(x, box.width, view, seconds / bins, low.length);
    let least = 127;
    let most = -127;
    for (let i = first; i < last; i++) {
      if (low[i] < least) least = low[i];
      if (high[i] > most) most = high[i];
    }
    if (most >= least) pen.fillRect(box.left + x, middle - most * reach, 1, Math.max(1, (most - least) * reach));
  }
}

function drawSpectrogram(pen, { mel, bands, columns, seconds }, box, view, theme) {
  const width = Math.max(1, Math.round(box.width));
  const image = new ImageData(width, bands);
  const pixels = new Uint32Array(image.data.buffer);
  for (let x = 0; x < width; x++) {
    const [first, last] = itemsAt(x, width, view, seconds, columns);
    for (let band = 0; band < bands; band++) {
      let most = 0;
      for (let i = first; i < last; i++) most = Math.max(most, mel[band * columns + i]);
      pixels[(bands - 1 - band) * width + x] = theme.ramp[most];
    }
  }
  const tile = new OffscreenCanvas(width, bands);
  tile.getContext("2d").putImageData(image, 0, 0);
  pen.imageSmoothingEnabled = false;
  pen.drawImage(tile, box.left, box.top, box.width, box.height);
}
