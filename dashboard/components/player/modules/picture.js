// @ts-check
// The picture that the canvas shows, copied from the video, and which frame it is.

import { penOf } from "./dom.js";
import { nearest } from "./times.js";

export class Picture {
  shown = false; // whether there is one

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
   * Copies the video's picture to the canvas and says which one of `times` it is; null while there is none.
   *
   * A VideoFrame knows its own time. The video may already be one picture further than `announced`, the time that its
   * callback was given: at 50 frames a second that is one in twenty. Without VideoFrame (a page that is neither https
   * nor localhost) the announced time has to do.
   * @param {Float64Array} times
   * @param {number} announced
   */
  draw(times, announced) {
    const { video, canvas } = this;
    if (!times.length || video.seeking || video.readyState < HTMLMediaElement.HAVE_CURRENT_DATA) return null;
    if (canvas.width !== video.videoWidth || canvas.height !== video.videoHeight) {
      canvas.width = video.videoWidth;
      canvas.height = video.videoHeight;
    }
    let frame = null;
    try {
      frame = "VideoFrame" in window ? new VideoFrame(video) : null;
    } catch {
      return null; // a file that has just been loaded may announce data before it has a picture
    }
    this.pen.drawImage(frame ?? video, 0, 0, canvas.width, canvas.height);
    const time = frame ? frame.timestamp / 1e6 : announced;
    frame?.close();
    this.shown = true;
    return nearest(times, time);
  }
}
