// The one clock of the player: which frame the canvas shows and where the cursor stands.
//
// Times come from requestVideoFrameCallback's mediaTime, never from currentTime or timeupdate: those are off by one in
// more than half of the frames. Frame numbers come from the table of presentation times, never from time x fps, which
// is wrong for every file with a variable frame rate.

const positions = new Map(); // address of a video -> frame, for when Streamlit mounts the player anew
const SEEK_PATIENCE_MS = 400; // a seek inside the frame already shown may present no new one

// Index of the time nearest to `time` in a rising series.
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

export class Clock {
  // `onChange(clock)` is called in the very callback that drew the picture, so that both are composited together.
  constructor(video, canvas, onChange) {
    this.video = video;
    this.canvas = canvas;
    this.picture = canvas.getContext("2d");
    this.onChange = onChange;
    this.cursor = 0; // where the user points
    this.shown = 0; // what the canvas shows
    this.url = null;
    this.frames = 0;
    this.mediaTimes = [];
    this.pending = null; // newest frame asked for while a seek is in flight
    this.inFlight = null;
    this.presented = null; // target of the seek in flight, once its picture was announced
    this.range = null; // [first, last] frame that playback repeats
    this.problem = "";
    const listen = (name, action) => video.addEventListener(name, action);
    listen("seeked", () => this.expectPicture());
    listen("play", () => this.changed());
    listen("pause", () => this.changed());
    listen("ended", () => this.changed());
    listen("error", () => this.fail());
    // A time set before the file is known is only a wish: ask again, and expect a picture.
    listen("loadeddata", () => {
      if (this.inFlight !== null) this.video.currentTime = this.seekTime(this.inFlight);
      this.changed();
    });
    this.stop = new AbortController();
    this.waitForFrame();
  }

  // `mediaTimes[k]` is the time of frame k on the timeline of the file; there may be fewer than `frames`.
  load(url, mediaTimes, pts) {
    this.mediaTimes = mediaTimes;
    this.pts = pts;
    this.frames = pts.length;
    if (url === this.url) return;
    this.url = url;
    this.problem = "";
    this.pending = this.inFlight = this.presented = this.range = null;
    this.hasPicture = false;
    this.cursor = this.shown = Math.min(positions.get(url) ?? 0, Math.max(0, this.frames - 1));
    this.picture.clearRect(0, 0, this.canvas.width, this.canvas.height);
    if (url) {
      this.video.src = new URL(url, document.baseURI).href;
      this.seek(this.cursor);
    } else {
      this.video.removeAttribute("src");
      this.video.load();
    }
  }

  get playing() {
    return !this.video.paused && !this.video.ended;
  }

  get seeking() {
    return this.inFlight !== null;
  }

  get pictures() {
    return this.mediaTimes.length;
  }

  get pastLastPicture() {
    return this.pictures > 0 && this.cursor >= this.pictures;
  }

  // The middle of a frame's span: its own start lands on the neighbour in 4 % of the seeks.
  seekTime(frame) {
    const times = this.mediaTimes;
    const last = times.length - 1;
    const k = Math.min(frame, last);
    if (k < last) return (times[k] + times[k + 1]) / 2;
    return last > 0 ? times[last] + (times[last] - times[last - 1]) / 2 : times[last];
  }

  seek(frame) {
    this.cursor = Math.max(0, Math.min(this.frames - 1, Math.round(frame)));
    this.remember();
    if (!this.url || !this.pictures || this.problem) this.shown = this.cursor;
    else this.pending = this.cursor;
    this.drain();
    this.changed();
  }

  drain() {
    if (this.inFlight !== null || this.pending === null) return;
    const frame = this.pending;
    this.pending = null;
    if (this.hasPicture && !this.playing && this.pictureOf(frame) === this.pictureOf(this.shown)) {
      this.shown = frame;
      return;
    }
    this.inFlight = frame;
    this.video.currentTime = this.seekTime(frame);
  }

  // The frame whose picture stands for `frame`: the last one, for frames past the end of the pictures.
  pictureOf(frame) {
    return Math.min(frame, this.pictures - 1);
  }

  // The video says that it has arrived: the picture is there, or comes with the next frame callback.
  expectPicture() {
    clearTimeout(this.patience);
    if (this.presented === this.inFlight) this.land();
    else this.patience = setTimeout(() => (this.video.seeking ? this.expectPicture() : this.land()), SEEK_PATIENCE_MS);
  }

  land() {
    // While the video still seeks, its picture cannot be drawn, even though it was announced: wait for `seeked`.
    if (this.inFlight === null || !this.draw()) return;
    clearTimeout(this.patience);
    this.shown = this.inFlight;
    this.inFlight = this.presented = null;
    this.drain();
    this.changed();
  }

  waitForFrame() {
    this.video.requestVideoFrameCallback((now, metadata) => {
      if (this.stop.signal.aborted) return;
      this.waitForFrame();
      this.present(metadata.mediaTime);
    });
  }

  present(mediaTime) {
    if (!this.pictures) return;
    const frame = nearest(this.mediaTimes, mediaTime);
    if (this.inFlight !== null && frame === this.pictureOf(this.inFlight)) {
      this.presented = this.inFlight;
      return this.land();
    }
    if (!this.draw()) return;
    if (this.inFlight !== null) this.shown = frame;
    else if (!this.playing && frame === this.pictureOf(this.cursor)) this.shown = this.cursor;
    else this.follow(frame);
    this.changed();
  }

  // The video moved on by itself: the cursor goes with it, and stops or turns back at the end.
  follow(frame) {
    this.shown = this.cursor = Math.min(frame, this.frames - 1);
    this.remember();
    if (!this.playing) return;
    if (this.range && frame >= this.range[1]) this.seek(this.range[0]);
    else if (frame >= this.frames) {
      this.video.pause();
      this.seek(this.frames - 1);
    }
  }

  // Copies the video's picture to the canvas; false while it has none.
  draw() {
    const { videoWidth: width, videoHeight: height } = this.video;
    if (!width || this.video.readyState < HTMLMediaElement.HAVE_CURRENT_DATA) return false;
    if (this.canvas.width !== width || this.canvas.height !== height) {
      this.canvas.width = width;
      this.canvas.height = height;
    }
    this.picture.drawImage(this.video, 0, 0, width, height);
    this.hasPicture = true;
    return true;
  }

  remember() {
    if (this.url) positions.set(this.url, this.cursor);
  }

  step(frames) {
    this.video.pause();
    this.seek(this.cursor + frames);
  }

  stepSeconds(seconds) {
    this.video.pause();
    this.seek(nearest(this.pts, this.pts[this.cursor] + seconds));
  }

  toggle() {
    if (!this.url || this.problem) return;
    if (this.playing) this.video.pause();
    else {
      const end = Math.min(this.frames, this.pictures) - 1;
      if (this.range && (this.cursor < this.range[0] || this.cursor >= this.range[1])) this.seek(this.range[0]);
      else if (this.cursor >= end) this.seek(0);
      this.video.play().catch((error) => {
        if (error.name !== "AbortError") this.fail(error.message);
      });
    }
  }

  fail(reason) {
    if (!this.url) return;
    this.problem = reason || "The browser cannot play this video; H.264 in an mp4 file is expected.";
    this.pending = this.inFlight = null;
    this.changed();
  }

  changed() {
    this.onChange(this);
  }

  destroy() {
    this.stop.abort();
    clearTimeout(this.patience);
    this.video.pause();
    this.video.removeAttribute("src");
    this.video.load();
  }
}
