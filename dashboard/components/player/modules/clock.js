// @ts-check
// The only clock of the player: which frame the canvas shows, and where the cursor is.
//
// Times come from requestVideoFrameCallback and from the pictures themselves, never from currentTime or timeupdate:
// those are off by one for more than half of the frames.

import { Picture } from "./picture.js";
import { nearest, timeWithin } from "./times.js";

/** @import { FrameRange } from "../../types" */

// By subject; they survive a remount of the player.
/** @type {Map<string, number>} */
const positions = new Map();
/** @type {Map<string, FrameRange | null>} */
const ranges = new Map();

const SEEK_PATIENCE_MS = 300; // a seek inside the frame already shown may present no new one

// Where to seek within a frame, as shares of its duration, one per attempt. Seeking to its start lands on the neighbour
// in 4 % of cases; so does seeking to its middle if frames differ in duration, since browsers take the nearest start.
const SEEK_SHARES = [0.4, 0.2];

// Chromium finds the key frame of a seek by decoding time. With B-frames and a variable frame rate, a few frames before
// each key frame cannot be reached that way. Then seek to an earlier frame and play on slowly, without sound.
const APPROACHES = 4;
const CREEPING_RATE = 0.25;
// A busy machine may miss the frame while it is shown: then approach it again, ever more slowly.
const CREEPS = 5;
const SLOWEST_RATE = 0.0625; // browsers refuse less

const UNPLAYABLE = "This browser cannot play the video. It should be H.264 in an MP4 file.";

export class Clock {
  cursor = 0; // where the user points
  shown = 0; // what the canvas shows
  /** @type {string | null} */
  url = null;
  subject = "";
  frames = 0;
  /** @type {Float64Array} */
  pts = new Float64Array(); // of the frames, seconds
  /** @type {Float64Array} */
  mediaTimes = new Float64Array(); // of the pictures, on the timeline of the file
  /** @type {number | null} */
  pending = null; // the latest frame requested while a seek is in flight
  /** @type {number | null} */
  inFlight = null;
  attempts = 0; // of the seek in flight
  creeps = 0; // likewise
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  patience;
  /** @type {{ muted: boolean, rate: number } | null} */
  creeping = null; // settings to restore once a frame has been reached by playing
  problem = "";
  stop = new AbortController();

  /**
   * @param {HTMLVideoElement} video
   * @param {HTMLCanvasElement} canvas
   * @param {() => void} onChange Called in the very callback that drew the picture, so that both are composited
   *   together.
   */
  constructor(video, canvas, onChange) {
    this.video = video;
    this.picture = new Picture(video, canvas);
    this.onChange = onChange;
    video.addEventListener("seeked", () => this.arrive());
    for (const name of ["play", "pause", "ended"]) video.addEventListener(name, () => this.onChange());
    video.addEventListener("error", () => this.fail(UNPLAYABLE));
    // A time set before the file is known may be ignored: seek again.
    video.addEventListener("loadeddata", () => {
      if (this.inFlight !== null) this.ask(this.inFlight);
      this.onChange();
    });
    this.waitForFrame();
  }

  /**
   * @param {string} subject
   * @param {string | null} url
   * @param {Float64Array} mediaTimes
   * @param {Float64Array} pts There may be more or fewer frames than pictures.
   */
  load(subject, url, mediaTimes, pts) {
    this.mediaTimes = mediaTimes;
    this.pts = pts;
    this.frames = pts.length;
    if (url === this.url && subject === this.subject) return;
    this.subject = subject;
    this.url = url;
    this.problem = "";
    this.pending = this.inFlight = this.creeping = null;
    this.cursor = this.shown = Math.min(positions.get(subject) ?? 0, Math.max(0, this.frames - 1));
    this.picture.clear();
    if (url) {
      this.video.src = new URL(url, document.baseURI).href;
      this.seek(this.cursor);
    } else {
      this.video.removeAttribute("src");
      this.video.load();
    }
  }

  // First and last frame that playback loops over, or null.
  get range() {
    return ranges.get(this.subject) ?? null;
  }

  set range(frames) {
    ranges.set(this.subject, frames);
  }

  get playing() {
    return !this.video.paused && !this.video.ended && !this.creeping;
  }

  get seeking() {
    return this.inFlight !== null;
  }

  get pictures() {
    return this.mediaTimes.length;
  }

  /** @param {number} frame */
  isPastLastPicture(frame) {
    return this.pictures > 0 && frame >= this.pictures;
  }

  /** @param {number} frame */
  seek(frame) {
    this.cursor = Math.max(0, Math.min(this.frames - 1, Math.round(frame)));
    this.remember();
    if (!this.url || !this.pictures || this.problem) this.shown = this.cursor;
    else this.pending = this.cursor;
    this.drain();
    this.onChange();
  }

  drain() {
    if (this.inFlight !== null || this.pending === null) return;
    const frame = this.pending;
    this.pending = null;
    if (this.picture.shown && !this.playing && this.pictureOf(frame) === this.pictureOf(this.shown)) {
      this.shown = frame;
      return;
    }
    this.inFlight = frame;
    this.attempts = this.creeps = 0;
    this.ask(frame);
  }

  /** @param {number} frame */
  ask(frame) {
    const back = Math.max(0, this.attempts - SEEK_SHARES.length + 1);
    const target = Math.max(0, this.pictureOf(frame) - back);
    this.video.currentTime = timeWithin(this.mediaTimes, target, SEEK_SHARES[this.attempts] ?? SEEK_SHARES[0]);
  }

  /**
   * The picture of a frame; the last one for frames past the last picture.
   * @param {number} frame
   */
  pictureOf(frame) {
    return Math.min(frame, this.pictures - 1);
  }

  // The video reports that a seek is done: its picture is there, or comes with the next frame callback.
  arrive() {
    if (this.inFlight === null) return;
    clearTimeout(this.patience);
    const picture = this.picture.draw(this.mediaTimes, this.video.currentTime);
    if (picture !== null && picture === this.pictureOf(this.inFlight)) this.land(picture);
    // If there is nothing to draw yet, the file is still loading; that does not count as an attempt.
    else this.patience = setTimeout(() => (picture === null ? this.arrive() : this.land(picture)), SEEK_PATIENCE_MS);
  }

  /** @param {number} picture */
  land(picture) {
    if (this.inFlight === null) return;
    clearTimeout(this.patience);
    const target = this.pictureOf(this.inFlight);
    if (picture !== target && this.pending === null && !this.playing) {
      if (picture < target && this.attempts >= SEEK_SHARES.length) return this.creep();
      if (++this.attempts < SEEK_SHARES.length + APPROACHES) return this.ask(this.inFlight);
    }
    this.finish(this.inFlight, picture);
  }

  /**
   * @param {number} wanted The frame that was asked for.
   * @param {number} picture The one that came.
   */
  finish(wanted, picture) {
    const exact = picture === this.pictureOf(wanted);
    this.shown = exact ? wanted : picture;
    this.inFlight = null;
    if (!exact && this.pending === null) this.cursor = this.shown;
    this.drain();
    this.onChange();
  }

  // Play slowly and silently until the target is shown.
  creep() {
    const { video } = this;
    this.creeping = { muted: video.muted, rate: video.playbackRate };
    video.muted = true;
    video.playbackRate = Math.max(SLOWEST_RATE, CREEPING_RATE / 2 ** this.creeps++);
    video.play().catch(() => this.stopCreeping(this.shown));
  }

  /** @param {number} picture */
  stopCreeping(picture) {
    if (!this.creeping) return;
    const { muted, rate } = this.creeping;
    this.creeping = null;
    this.video.pause();
    this.video.muted = muted;
    this.video.playbackRate = rate;
    const wanted = this.inFlight ?? picture;
    if (picture > this.pictureOf(wanted) && this.pending === null && this.creeps < CREEPS) {
      this.attempts = SEEK_SHARES.length;
      return this.ask(wanted);
    }
    this.finish(wanted, picture);
  }

  waitForFrame() {
    this.video.requestVideoFrameCallback((_, { mediaTime }) => {
      if (this.stop.signal.aborted) return;
      this.waitForFrame();
      this.present(mediaTime);
    });
  }

  /** @param {number} mediaTime */
  present(mediaTime) {
    const picture = this.picture.draw(this.mediaTimes, mediaTime);
    if (picture === null) return;
    const target = this.inFlight === null ? null : this.pictureOf(this.inFlight);
    if (this.creeping && (target === null || picture >= target || this.pending !== null))
      return this.stopCreeping(picture);
    if (picture === target) return this.land(picture);
    if (target !== null) this.shown = picture;
    else if (!this.playing && picture === this.pictureOf(this.cursor)) this.shown = this.cursor;
    else this.follow(picture);
    this.onChange();
  }

  /**
   * The video advanced: move the cursor along, and stop or loop at the end.
   * @param {number} picture
   */
  follow(picture) {
    this.shown = this.cursor = Math.min(picture, this.frames - 1);
    this.remember();
    if (!this.playing) return;
    if (this.range && picture >= this.range[1]) this.seek(this.range[0]);
    else if (picture >= this.frames) {
      this.video.pause();
      this.seek(this.frames - 1);
    }
  }

  remember() {
    positions.set(this.subject, this.cursor);
  }

  /** @param {number} frames */
  step(frames) {
    this.video.pause();
    this.seek(this.cursor + frames);
  }

  /** @param {number} seconds */
  stepSeconds(seconds) {
    this.video.pause();
    this.seek(nearest(this.pts, this.pts[this.cursor] + seconds));
  }

  toggle() {
    if (!this.url || this.problem) return;
    if (this.playing) return this.video.pause();
    const end = Math.min(this.frames, this.pictures) - 1;
    if (this.range && (this.cursor < this.range[0] || this.cursor >= this.range[1])) this.seek(this.range[0]);
    else if (this.cursor >= end) this.seek(0);
    this.video.play().catch((error) => {
      if (error.name !== "AbortError") this.fail(error.message || UNPLAYABLE);
    });
  }

  // Pause until the function that is returned is called, which resumes what was playing.
  hold() {
    const resume = this.playing;
    this.video.pause();
    return () => {
      if (resume) this.toggle();
    };
  }

  /** @param {string} reason */
  fail(reason) {
    if (!this.url) return;
    this.problem = reason;
    this.pending = this.inFlight = null;
    this.onChange();
  }

  destroy() {
    this.stop.abort();
    clearTimeout(this.patience);
    this.video.pause();
    this.video.removeAttribute("src");
    this.video.load();
  }
}
