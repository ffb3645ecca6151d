"""From the dropout slider to the repainted curves: `python -m benchmarks.dropout_latency`.

A generated subject of 8,012 frames, two models, eight rows. Bars on 2 cores at stride 4, for the CA and for the RJCA
pair: slider to repaint at most 250 ms in the median and 500 at the 95th percentile, a zoom at most 100 ms, at most
350 KB for an update. On a busy machine the processor times, printed beside, say more than those of the
clock. Parts of a repaint: what the models take (measured alone, in this process), the rest of the script's run with
the way there and back, the browser from the arrival of the numbers to the painted frame, and what is left: the widget
itself and unpacking.
"""

from __future__ import annotations

import argparse
import os
import tempfile
import time
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from playwright.sync_api import Page, sync_playwright

from iaca.checkpoints import Checkpoint, load_checkpoint
from iaca.clips import clip_ends
from iaca.config import DropoutConfig
from iaca.data.annotations import write_labels
from iaca.features.feature_files import read_features, write_features
from iaca.inference import WindowMemory, infer
from iaca.types import Features
from tests.dashboard.browsing import PLAYER
from tests.dashboard.projects import Spec, frame_times, smooth, write_video
from tests.dashboard.serving import CHROMIUM, FLAGS, PROJECT, serve

BARS = "bars at stride 4: median 250 ms, 95th percentile 500 ms, zoom 100 ms, 350 KB"
PAIRS = ("ca", "rjca")
SUBJECT = Spec("generated", 8012)
EIGHT_ROWS = """localStorage.setItem('iaca-rows', JSON.stringify({ hidden: { waveform: false } }))"""

PRESS = """
([slider, player]) => new Promise((done) => {
  const before = player.dataset.revision;
  const painted = new MutationObserver(() => {
    if (player.dataset.revision === before) return;
    painted.disconnect();
    const update = performance.getEntriesByName('iaca-update').at(-1);
    done([performance.now() - start, update.duration]);
  });
  painted.observe(player, { attributes: true, attributeFilter: ['data-revision'] });
  let start = 0;
  slider.addEventListener('keydown', () => (start = performance.now()), { once: true, capture: true });
})
"""

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
  const seen = [];
  const watch = new MutationObserver(() => seen.push(Number(player.dataset.frame)));
  watch.observe(player, { attributes: true, attributeFilter: ['data-frame'] });
  player.querySelector('[data-action=toggle]').click();
  setTimeout(() => {
    player.querySelector('[data-action=toggle]').click();
    watch.disconnect();
    done([new Set(seen).size, Math.max(...seen) - Math.min(...seen) + 1]);
  }, seconds * 1000);
})
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


class Measured(NamedTuple):
    """What one pair took: (changes,) ms each, bytes of the updates, and what else was looked at."""

    parts: dict[str, np.ndarray]
    update_kb: np.ndarray
    zoom: np.ndarray
    zoom_spent: float
    played: tuple[int, int]
    heap_mb: list[float]


def generate(root: Path, model: Checkpoint, stride: int) -> None:
    """A subject for whom a model can be asked: features that move slowly, with labels and a video."""
    video = root / "batch1" / f"{SUBJECT.name}.mp4"
    if not video.is_file():
        write_video(video, SUBJECT)
    rng = np.random.default_rng(0)
    frame = clip_ends(SUBJECT.frames, stride)
    dims = {modality: getattr(model.config, f"{modality}_dim") for modality in ("audio", "visual")}
    labels = np.tanh(0.6 * smooth(rng, SUBJECT.frames, 2))
    features = Features(
        subject=SUBJECT.name, video=SUBJECT.name, split="validation", clip_stride=stride, backbones=model.backbones,
        created_by="benchmark", problems=(), frame=frame, pts_s=frame_times(SUBJECT),
        audio=smooth(rng, len(frame), dims["audio"], 8), visual=smooth(rng, len(frame), dims["visual"], 8),
        valence=labels[:, 0], arousal=labels[:, 1],
        has_face=np.ones(SUBJECT.frames, bool), has_audio=np.ones(SUBJECT.frames, bool),
        audio_zero=np.zeros(dims["audio"], np.float32), visual_zero=np.zeros(dims["visual"], np.float32),
    )  # fmt: skip
    text = root / "annotations" / "VA_Estimation_Challenge" / "Validation_Set" / f"{SUBJECT.name}.txt"
    text.parent.mkdir(parents=True, exist_ok=True)
    write_labels(text, features.valence, features.arousal)
    (root / "features").mkdir(exist_ok=True)
    write_features(root / "features" / f"{SUBJECT.name}.safetensors", features)


def fusion_ms(features: Features, models: list[Checkpoint], changes: int) -> np.ndarray:
    """What both models take for one step of the slider, in this process."""
    times, memories = [], [WindowMemory() for _ in models]
    for i in range(changes + 1):
        begin = time.perf_counter()
        for model, memory in zip(models, memories, strict=True):
            infer(features, model, [DropoutConfig(share=(i % 20) * 0.05, seed=i // 20)], memory=memory)
        times.append(1000 * (time.perf_counter() - begin))
    return np.array(times[1:])


class Processors:
    """Time that the page's main thread and the server have spent on a processor, whatever else the machine does."""

    def __init__(self, page: Page, server: int) -> None:
        self.session = page.context.new_cdp_session(page)
        self.session.send("Performance.enable", {"timeDomain": "threadTicks"})
        self.stat = Path(f"/proc/{server}/stat")
        self.lap()

    def lap(self) -> tuple[float, float]:
        """Milliseconds of the page and of the server since the last lap; NaN for the server where there is no /proc."""
        metrics = self.session.send("Performance.getMetrics")["metrics"]
        page = 1000 * next(one["value"] for one in metrics if one["name"] == "TaskDuration")
        server = float("nan")
        if self.stat.is_file():
            user, system = self.stat.read_text().rsplit(")", 1)[1].split()[11:13]
            server = 1000 * (int(user) + int(system)) / os.sysconf("SC_CLK_TCK")
        before, self.now = getattr(self, "now", (page, server)), (page, server)
        return page - before[0], server - before[1]


class Wire:
    """Frames of the page's WebSocket: when they passed, and how large they were."""

    def __init__(self, page: Page) -> None:
        self.sent: list[float] = []
        self.received: list[tuple[float, int]] = []
        session = page.context.new_cdp_session(page)
        session.send("Network.enable")
        session.on("Network.webSocketFrameSent", lambda event: self.sent.append(event["timestamp"]))
        session.on("Network.webSocketFrameReceived", self._receive)

    def _receive(self, event: dict[str, Any]) -> None:
        # The payload is base64: four characters for three bytes.
        self.received.append((event["timestamp"], len(event["response"]["payloadData"]) * 3 // 4))

    def largest(self) -> tuple[float, int]:
        """Milliseconds from the request to the largest answer, and its bytes; then all is forgotten."""
        moment, size = max(self.received, key=lambda one: one[1])
        waited = 1000 * (moment - self.sent[0])
        self.sent.clear()
        self.received.clear()
        return waited, size


def measure(page: Page, address: str, server_id: int, pair: str, options: argparse.Namespace) -> Measured:
    """Drive one pair in an open browser."""
    wire = Wire(page)
    page.add_init_script(EIGHT_ROWS)
    page.goto(f"{address}/?subject={SUBJECT.name}&fusion={pair.upper()}&drop_audio=true&dropout=0")
    page.wait_for_selector(f"{PLAYER}[data-revision]", timeout=300_000)
    page.wait_for_timeout(3000)
    player = page.locator(PLAYER).element_handle()
    whole, paint, server, sizes, spent = [], [], [], [], []
    processors = Processors(page, server_id)
    for i in range(options.changes):
        page.wait_for_timeout(200)
        if i % 19 == 18:
            # Every value is new to the server: its caches do not help.
            page.get_by_role("spinbutton", name="Seed").fill(str(i))
            page.keyboard.press("Enter")
            page.wait_for_timeout(2500)
        slider = page.get_by_role("slider", name="Audio dropout").element_handle()
        slider.focus()
        wire.sent.clear()
        wire.received.clear()
        processors.lap()
        page.evaluate(f"(pair) => {{ window.painted = ({PRESS})(pair); }}", [slider, player])
        page.keyboard.press("ArrowRight" if i // 19 % 2 == 0 else "ArrowLeft")
        took, painted = page.evaluate("window.painted")
        spent.append(processors.lap())
        answered, size = wire.largest()
        whole.append(took)
        paint.append(painted)
        server.append(answered)
        sizes.append(size / 1024)
    processors.lap()
    zoom = np.array(page.evaluate(ZOOM, 30))
    zoom_spent = processors.lap()[0] / len(zoom)
    page.keyboard.press("0")
    played = tuple(page.evaluate(PLAY, 5))
    heap = [heap_mb(page)]
    for _ in range(options.scrub_minutes):
        page.evaluate(SCRUB, 60)
        heap.append(heap_mb(page))
    parts = {name: np.array(values) for name, values in (("whole", whole), ("server", server), ("paint", paint))}
    parts |= {
        name: np.array(values) for name, values in zip(("page", "server_cpu"), zip(*spent, strict=True), strict=True)
    }
    return Measured(parts, np.array(sizes), zoom, zoom_spent, played, heap)


def heap_mb(page: Page) -> float:
    """What the page's scripts hold, after garbage was collected."""
    session = page.context.new_cdp_session(page)
    session.send("HeapProfiler.collectGarbage")
    return session.send("Runtime.getHeapUsage")["usedSize"] / 2**20


def report(name: str, values: np.ndarray, unit: str = "ms") -> None:
    print(f"  {name:34s} median {np.median(values):6.0f}   p95 {np.percentile(values, 95):6.0f} {unit}", flush=True)


def main() -> None:
    """Print median and 95th percentile of the whole and of its parts, for each pair."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--checkpoints", type=Path, default=PROJECT / "checkpoints")
    parser.add_argument("--stride", type=int, default=4)
    parser.add_argument("--changes", type=int, default=40)
    parser.add_argument("--scrub-minutes", type=int, default=1)
    parser.add_argument("--pairs", nargs="+", choices=PAIRS, default=PAIRS)
    parser.add_argument("--work", type=Path, help="where the generated subject is kept; nowhere unless given")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as home, sync_playwright() as playwright:
        data = options.work or Path(home) / "data"
        generate(data, load_checkpoint(options.checkpoints / f"{PAIRS[0]}.safetensors"), options.stride)
        browser = playwright.chromium.launch(executable_path=CHROMIUM, headless=True, args=list(FLAGS))
        with serve(data, Path(home), options.checkpoints) as (address, server):
            for pair in options.pairs:
                page = browser.new_page(viewport={"width": 1280, "height": 1000})
                page.set_default_timeout(120_000)
                found = measure(page, address, server.pid, pair, options)
                page.close()
                models = [
                    load_checkpoint(options.checkpoints / f"{name}.safetensors") for name in (pair, f"{pair}_iaca")
                ]
                features = read_features(data / "features" / f"{SUBJECT.name}.safetensors")
                fusion = fusion_ms(features, models, min(10, options.changes))
                parts = found.parts
                load = f"load {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores"
                print(f"{pair} and {pair}_iaca, {SUBJECT.frames} frames, stride {options.stride}, {load}")
                report("fusion, both models", fusion)
                report("script and transfer", parts["server"] - np.median(fusion))
                report("widget and unpacking", parts["whole"] - parts["server"] - parts["paint"])
                report("paint", parts["paint"])
                report("slider to repaint", parts["whole"])
                report("  of it, page on a processor", parts["page"])
                report("  of it, server on a processor", parts["server_cpu"])
                report("zoom", found.zoom)
                print(f"    of it, page on a processor         {found.zoom_spent:6.0f} ms")
                report("update", found.update_kb, "KB")
                print(f"  playback showed {found.played[0]} of {found.played[1]} frames")
                heap = ", ".join(f"{mb:.0f}" for mb in found.heap_mb)
                print(f"  memory of the page's scripts, each minute of scrubbing: {heap} MB")
        browser.close()
    print(BARS)


if __name__ == "__main__":
    main()
