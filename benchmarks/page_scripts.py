"""What the benchmark of the slider runs in the page."""

from __future__ import annotations

CUT = """
() => {
  const ask = window.fetch;
  window.cut = false;
  window.fetch = (address, options) => window.cut && String(address).includes('/iaca/step/')
    ? Promise.reject(new TypeError('cut')) : ask(address, options);
}
"""

PRESS = """
([event, player]) => new Promise((done) => {
  const before = player.dataset.revision;
  performance.clearResourceTimings();
  const painted = new MutationObserver(() => {
    if (player.dataset.revision === before) return;
    painted.disconnect();
    const took = performance.now() - start;
    const update = performance.getEntriesByName('iaca-update').at(-1);
    const asked = performance.getEntriesByType('resource').filter((one) => one.name.includes('/iaca/step/'));
    done([took, update.duration, asked.at(-1)?.duration ?? null, asked.at(-1)?.decodedBodySize ?? 0]);
  });
  painted.observe(player, { attributes: true, attributeFilter: ['data-revision'] });
  let start = 0;
  window.addEventListener(event, () => (start = performance.now()), { once: true, capture: true });
})
"""

RESTS = "() => document.querySelector('.stApp').dataset.testScriptState === 'notRunning'"

THUMB = """
(slider) => {
  const handle = slider.parentElement.parentElement;
  const thumb = handle.getBoundingClientRect();
  const track = handle.offsetParent.getBoundingClientRect();
  return [thumb.left + thumb.width / 2, thumb.top + thumb.height / 2, track.width / 20];
}
"""
"""Middle of the thumb and width of a step, px."""

ZOOM = """
async (times) => {
  const found = [];
  const box = document.querySelector('.iaca-rows').getBoundingClientRect();
  for (let i = 0; i < times; i++) {
    performance.clearMeasures('iaca-zoom');
    document.querySelector('.iaca-rows').dispatchEvent(new WheelEvent('wheel', {
      deltaY: i % 10 < 5 ? -300 : 300, ctrlKey: true, clientX: box.left + 300, clientY: box.top + 50, cancelable: true,
    }));
    while (!performance.getEntriesByName('iaca-zoom').length) await new Promise(requestAnimationFrame);
    found.push(performance.getEntriesByName('iaca-zoom')[0].duration);
  }
  return found;
}
"""

PLAY = """
(seconds) => new Promise((done) => {
  const player = document.querySelector('[data-testid=player]');
  const video = player.querySelector('video');
  const before = video.getVideoPlaybackQuality();
  const seen = [];
  const watch = new MutationObserver(() => seen.push(Number(player.dataset.frame)));
  watch.observe(player, { attributes: true, attributeFilter: ['data-frame'] });
  player.querySelector('[data-action=toggle]').click();
  setTimeout(() => {
    player.querySelector('[data-action=toggle]').click();
    watch.disconnect();
    const after = video.getVideoPlaybackQuality();
    done([
      new Set(seen).size, Math.max(...seen) - Math.min(...seen) + 1,
      after.totalVideoFrames - before.totalVideoFrames, after.droppedVideoFrames - before.droppedVideoFrames,
    ]);
  }, seconds * 1000);
})
"""
"""Frames that the cursor was on, frames that passed; and as the browser counts them: of the video, and dropped."""

DRAG = """
async (seconds) => {
  const slider = document.querySelector('.st-key-dropout input');
  const { left, top, width } = slider.parentElement.parentElement.offsetParent.getBoundingClientRect();
  const send = (type, x) => slider.dispatchEvent(new PointerEvent(type, {
    bubbles: true, pointerId: 1, pointerType: 'mouse', button: 0, clientX: x, clientY: top, isPrimary: true,
  }));
  const values = new Set();
  const start = performance.now();
  let sent = 0;
  send('pointerdown', left);
  while (performance.now() - start < seconds * 1000) {
    const at = (performance.now() - start) / 1000;
    send('pointermove', left + width * (0.5 - 0.5 * Math.cos(at)));
    values.add(slider.getAttribute('aria-valuetext'));
    await new Promise((done) => setTimeout(done, Math.max(0, start + ++sent * 1000 / 60 - performance.now())));
  }
  send('pointerup', left);
  return [sent, values.size];
}
"""

SCRUB = """
async (seconds) => {
  const bar = document.querySelector('[data-testid=player-scrub]');
  const until = performance.now() + seconds * 1000;
  while (performance.now() < until) {
    bar.value = Math.floor(Math.random() * bar.max);
    bar.dispatchEvent(new Event('input'));
    await new Promise((done) => setTimeout(done, 50));
  }
}
"""
