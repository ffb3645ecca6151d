// Which part of the time axis the rows show.

const CLOSEST_S = 0.5;

export class Zoom {
  // `repaint` is called when the view has changed.
  constructor(plot, repaint) {
    this.plot = plot;
    this.repaint = repaint;
  }

  // [start, end] in seconds; null for the whole recording.
  set(view) {
    this.plot.view = view;
    this.repaint();
  }

  by(factor, around) {
    const [start, end] = this.plot.shownSpan;
    this.into(around - (around - start) * factor, around + (end - around) * factor);
  }

  into(start, end) {
    const [first, last] = this.plot.span;
    const [from, to] = [Math.max(first, start), Math.min(last, end)];
    if (to - from < CLOSEST_S) return;
    this.set(from <= first && to >= last ? null : [from, to]);
  }

  panBy(pixels) {
    const [start, end] = this.plot.shownSpan;
    if (this.plot.view) this.panTo(this.plot.view, (pixels / this.plot.panels[0].width) * (end - start));
  }

  // A view, moved by some seconds, but not past the ends.
  panTo([start, end], seconds) {
    const [first, last] = this.plot.span;
    const by = Math.max(first - start, Math.min(last - end, seconds));
    this.set([start + by, end + by]);
  }

  // Move along, so that a time that has left the view is in its middle.
  follow(second) {
    const { view } = this.plot;
    if (view && (second < view[0] || second > view[1])) this.panTo(view, second - (view[0] + view[1]) / 2);
  }
}
