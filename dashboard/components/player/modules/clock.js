// The one clock of the player: which frame the canvas shows and where the cursor stands.
//
// Times come from requestVideoFrameCallback and from the pictures themselves, never from currentTime or timeupdate:
// those are off by one in more than half of the frames. Frame numbers come from the table of presentation times, never
// from time x fps, which is wrong for every file with a variable frame rate.

// Address of a video -> frame, and range, for when Streamlit mounts the player anew.
const positions = new Map();
const ranges = new Map();
const SEEK_PATIENCE_MS = 300; // a seek inside the frame already shown may present no new one

// Where in a frame's span to seek, as shares, one attempt after the other. Its start lands on the neighbour in 4 % of
// the seeks; its middle does so where frames last unequally long, since browsers then take the start that is nearer.
const SEEK_SHARES = [0.4, 0.2];

// Chromium finds the key frame of a seek by decoding time. With B-frames and a variable frame rate a few frames before
// every key frame cannot be reached so: then seek to a frame before them and play on slowly, without sound.
const APPROACHES = 4;
const CREEPING_RATE = 0.25;

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
    this.creeping = null; // settings to restore, while a frame is approached by playing
    this.problem = "";
    const listen = (name, action) => video.addEventListener(name, action);
    listen("seeked", () => this.arrive());
    listen("play", () => this.changed());
    listen("pause", () => this.changed());
    listen("ended", () => this.changed());
    listen("error", () => this.fail());
    // A time set before the file is known is only a wish: ask again, and expect a picture.
    listen("loadeddata", () => {
      if (this.inFlight !== null) this.ask();
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
    this.pending = this.inFlight = this.creeping = null;
    if (!url) this.range = null; // nothing tells one subject without a video from another
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

  // [first, last] frame that playback repeats, or null.
  get range() {
    return ranges.get(this.url) ?? null;
  }

  set range(frames) {
    ranges.set(this.url, frames);
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

  get pastLastPicture() {
    return this.pictures > 0 && this.cursor >= this.pictures;
  }

  // A moment inside a frame's span, `share` of the way to the next one.
  seekTime(frame, share) {
    const times = this.mediaTimes;
    const k = this.pictureOf(frame);
    const from = Math.min(k, Math.max(0, times.length - 2)); // the last frame lasts as long as the one before it
    const interval = times.length > 1 ? times[from + 1] - times[from] : 0;
    return times[k] + share * interval;
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
    this.attempts = 0;
    this.ask();
  }

  ask() {
    const target = this.pictureOf(this.inFlight);
    const back = Math.max(0, this.attempts - SEEK_SHARES.length + 1);
    this.video.currentTime = this.seekTime(Math.max(0, target - back), SEEK_SHARES[this.attempts] ?? SEEK_SHARES[0]);
  }

  // The frame whose picture stands for `frame`: the last one, for frames past the end of the pictures.
  pictureOf(frame) {
    return Math.min(frame, this.pictures - 1);
  }

  // The video says that a seek is done: its picture is there, or comes with the next frame callback.
  arrive() {
    if (this.inFlight === null) return;
    clearTimeout(this.patience);
    const frame = this.draw(this.video.currentTime);
    if (frame === this.pictureOf(this.inFlight)) this.land(frame);
    // Nothing to draw yet: the file is still loading, and no attempt is lost.
    else this.patience = setTimeout(() => (frame === null ? this.arrive() : this.land(frame)), SEEK_PATIENCE_MS);
  }

  land(frame) {
    if (this.inFlight === null) return;
    clearTimeout(this.patience);
    const target = this.pictureOf(this.inFlight);
    if (frame !== target && this.pending === null && !this.playing) {
      if (frame !== null && frame < target && this.attempts >= SEEK_SHARES.length) return this.creep();
      if (++this.attempts < SEEK_SHARES.length + APPROACHES) return this.ask();
    }
    this.finish(frame);
  }

  finish(frame) {
    const exact = frame === this.pictureOf(this.inFlight);
    this.shown = exact ? this.inFlight : frame ?? this.shown;
    this.inFlight = null;
    if (!exact && this.pending === null) this.cursor = this.shown;
    this.drain();
    this.changed();
  }

  // Play on, slowly and silently, until the target is shown.
  creep() {
    const { video } = this;
    this.creeping = { muted: video.muted, rate: video.playbackRate };
    video.muted = true;
    video.playbackRate = CREEPING_RATE;
    video.play().catch(() => this.stopCreeping(this.shown));
  }

  stopCreeping(frame) {
    if (!this.creeping) return;
    const { muted, rate } = this.creeping;
    this.creeping = null;
    this.video.pause();
    this.video.muted = muted;
    this.video.playbackRate = rate;
    this.finish(frame);
  }

  waitForFrame() {
    this.video.requestVideoFrameCallback((now, metadata) => {
      if (this.stop.signal.aborted) return;
      this.waitForFrame();
      this.present(metadata.mediaTime);
    });
  }

  present(mediaTime) {
    const frame = this.draw(mediaTime);
    if (frame === null) return;
    if (this.creeping && (frame >= this.pictureOf(this.inFlight) || this.pending !== null)) return this.stopCreeping(frame);
    if (this.inFlight !== null && frame === this.pictureOf(this.inFlight)) return this.land(frame);
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

  // Copies the video's picture to the canvas and says which frame it is; null while there is none.
  //
  // A VideoFrame knows its own time. The video may already be one picture further than `mediaTime`, which its callback
  // announced: at 50 frames a second that is one in twenty. Without VideoFrame (a page that is neither https nor
  // localhost) the announced time has to do.
  draw(mediaTime) {
    const { video, canvas } = this;
    if (!this.pictures || video.seeking || video.readyState < HTMLMediaElement.HAVE_CURRENT_DATA) return null;
    if (canvas.width !== video.videoWidth || canvas.height !== video.videoHeight) {
      canvas.width = video.videoWidth;
      canvas.height = video.videoHeight;
    }
    let picture = null;
    try {
      picture = "VideoFrame" in window ? new VideoFrame(video) : null;
    } catch {
      return null; // a file that has just been loaded may announce data before it has a picture
    }
    this.picture.drawImage(picture ?? video, 0, 0, canvas.width, canvas.height);
    const time = picture ? picture.timestamp / 1e6 : mediaTime;
    picture?.close();
    this.hasPicture = true;
    return nearest(this.mediaTimes, time);
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
