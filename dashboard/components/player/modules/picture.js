// @ts-check
// The picture on the canvas, copied from the video, and its index.

import { penOf } from "./dom.js";
import { nearest } from "./times.js";

export class Picture {
  shown = false; // whether there is a picture

  /**
   * @param {HTMLVideoElement} video
   * @param {HTMLCanvasElement} canvas
   */
  constructor(video, canvas) {
    this.video = video;
    this.canvas = canvas;
    this.pen = penOf(canvas);
  }

  clear() {
    this.shown = false;
    this.pen.clearRect(0, 0, this.canvas.width, this.canvas.height);
  }

  /**
   * Copy the video's picture to the canvas and return its index in `times`, or null if there is none yet.
   *
   * A VideoFrame knows its own time. The video may already be one picture past `announced`, the time given to its
   * callback: at 50 frames per second, once in twenty. Without VideoFrame, which needs https or localhost, the
   * announced time has to do.
   * @param {Float64Array} times
   * @param {number} announced
   */
  draw(times, announced) {
    const { video, canvas } = this;
    if (!times.length || video.seeking || video.readyState < HTMLMediaElement.HAVE_CURRENT_DATA) return null;
    if (canvas.width !== video.videoWidth || canvas.height !== video.videoHeight) {
      canvas.width = video.videoWidth;
      canvas.height = video.videoHeight;
      const stage = /** @type {HTMLElement | null} */ (canvas.closest(".iaca-stage"));
      stage?.style.setProperty("--iaca-aspect", `${canvas.width} / ${canvas.height}`);
    }
    let frame = null;
    try {
      frame = "VideoFrame" in window ? new VideoFrame(video) : null;
    } catch {
      return null; // a file that has just loaded may report data before it has a picture
    }
    this.pen.drawImage(frame ?? video, 0, 0, canvas.width, canvas.height);
    const time = frame ? frame.timestamp / 1e6 : announced;
    frame?.close();
    this.shown = true;
    return nearest(times, time);
  }
}
