import assert from "node:assert/strict";
import { test } from "node:test";

import { Clock } from "../../dashboard/components/player/modules/clock.js";

const TIMES = Float64Array.from({ length: 10 }, (_, k) => k / 25);

/** A video whose seeks end before frame 6, as in Chromium before some key frames; when played, it presents what it is told. */
class Video extends EventTarget {
  readyState = 2;
  videoWidth = videoHeight;
  videoHeight = videoHeight;
  paused = true;
  muted = false;
  playbackRate = 1;
  picture = 0;
  rates = [];

  constructor(plays) {
    super();
    this.plays = plays;
  }

  set currentTime(time) {
    this.picture = Math.min(Math.round(25 * time), 4);
    queueMicrotask(() => this.dispatchEvent(new Event("seeked")));
  }

  requestVideoFrameCallback(callback) {
    this.callback = callback;
  }

  async play() {
    this.paused = false;
    this.rates.push(this.playbackRate);
    for (const picture of this.plays.shift() ?? []) {
      await null;
      if (this.paused) return;
      this.picture = picture;
      this.callback(0, { mediaTime: TIMES[picture] });
    }
  }

  pause() {
    this.paused = true;
  }
}

const videoHeight = 8;
const canvas = { width: 8, height: 8, getContext: () => ({ drawImage() {}, clearRect() {} }) };

async function reached(t, frame, plays) {
  t.mock.timers.enable({ apis: ["setTimeout"] });
  globalThis.window = globalThis;
  globalThis.HTMLMediaElement = { HAVE_CURRENT_DATA: 2 };
  globalThis.document = { baseURI: "http://localhost/" };
  globalThis.VideoFrame = class {
    constructor(video) {
      this.timestamp = 1e6 * TIMES[video.picture];
    }
    close() {}
  };
  const video = new Video(plays);
  const clock = new Clock(video, canvas, () => {});
  clock.load("someone", "video.mp4", TIMES, TIMES);
  clock.seek(frame);
  for (let i = 0; i < 50 && clock.seeking; i++) {
    await new Promise((done) => setImmediate(done));
    t.mock.timers.tick(300);
  }
  assert.equal(clock.seeking, false);
  assert.deepEqual([video.paused, video.muted, video.playbackRate], [true, false, 1]);
  return { shown: clock.shown, cursor: clock.cursor, rates: video.rates };
}

test("a frame that no seek reaches is reached by playing slowly", async (t) => {
  assert.deepEqual(await reached(t, 6, [[4, 5, 6]]), { shown: 6, cursor: 6, rates: [0.25] });
});

test("a frame that is missed on the way is approached again, more slowly", async (t) => {
  const plays = [[5, 7], [7], [4, 5, 6]];
  assert.deepEqual(await reached(t, 6, plays), { shown: 6, cursor: 6, rates: [0.25, 0.125, 0.0625] });
});

test("where it is missed every time, the cursor is at what is shown", async (t) => {
  const plays = Array.from({ length: 9 }, () => [7]);
  assert.deepEqual(await reached(t, 6, plays), { shown: 7, cursor: 7, rates: [0.25, 0.125, 0.0625, 0.0625, 0.0625] });
});
