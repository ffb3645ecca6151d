"""From the dropout slider to the repainted curves: `python -m benchmarks.dropout_latency`.

A generated subject of 8,012 frames, two models, eight rows. Three ways take turns, so that what the machine does
besides slows all of them and their ratios travel: a step of a dragged slider, which the server answers past the script
of the page; a step of a key, which the page follows at once; and a step through the script, as where the route of the
steps cannot be reached: there the slider is let go. A step is a notch, and every value is new to the server; but where
a slider has moved by a notch or two, the server computes the next one while the hand rests, so that it finds most of
these computed, whichever way they come. `--notches 3` moves by three at once, of which it finds none. Bars on 2 cores:
a dragged step takes at most 0.40 of the time through the script with the CA pair and 0.45 with the RJCA pair, at
stride 1 at most 0.5; its 95th percentile is at most 1.5 times its median; a zoom takes at most 100 ms; playback drops
no frame while the slider is dragged at 60 events a second. Processor times of the page's main thread and of the server
stand beside those of the clock. Models are exported first, as on a page that is idle for a moment; `--torch` leaves
them in torch.
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

from benchmarks.page_scripts import CUT, DRAG, PLAY, PRESS, RESTS, SCRUB, THUMB, ZOOM
from dashboard.services import exported_models
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

BARS = "bars: 0.40 for CA, 0.45 for RJCA; at stride 1 0.5; 95th percentile 1.5 times the median; zoom 100 ms"
PAIRS = ("ca", "rjca")
SUBJECT = Spec("generated", 8012)
PLAYED_S = 5
EXPORT_S = 180
EIGHT_ROWS = """localStorage.setItem('iaca-rows', JSON.stringify({ hidden: { waveform: false } }))"""

DRAGGED, KEY, THROUGH = "dragged", "by key", "through the script"
LAST_NOTCH = 20


class Measured(NamedTuple):
    """What one pair took.

    Attributes:
        ways: Name of a way -> part -> (changes,) ms each, and KB of the answers.
        zoom: (zooms,) ms.
        zoom_spent: Of a zoom, ms of the page on a processor.
        played: As `PLAY` counts frames: at rest, while the slider was dragged without steps, and with them.
        dragged: Events of the drag, and values that the slider had.
        repaints: While it was dragged.
        heap_mb: After each minute of scrubbing.
    """

    ways: dict[str, dict[str, np.ndarray]]
    zoom: np.ndarray
    zoom_spent: float
    played: list[tuple[int, ...]]
    dragged: tuple[int, int]
    repaints: int
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


def wait_for_exports(page: Page, home: Path, count: int) -> None:
    """Wait until so many models have been exported, and are computed in ONNX Runtime."""
    until = time.monotonic() + EXPORT_S
    while len(list((home / "cache" / exported_models.FOLDER).glob("*.onnx"))) < count and time.monotonic() < until:
        page.wait_for_timeout(500)
    page.wait_for_timeout(3000)


def measure(page: Page, address: str, server_id: int, pair: str, home: Path, options: argparse.Namespace) -> Measured:
    """Drive one pair in an open browser."""
    wire = Wire(page)
    page.add_init_script(EIGHT_ROWS)
    page.add_init_script(f"({CUT})()")
    page.goto(f"{address}/?subject={SUBJECT.name}&fusion={pair.upper()}&drop_audio=true&dropout=0")
    page.wait_for_selector(f"{PLAYER}[data-revision]", timeout=300_000)
    page.wait_for_timeout(3000)
    if not options.torch:
        wait_for_exports(page, home, 2 * (1 + options.pairs.index(pair)))
    player = page.locator(PLAYER).element_handle()
    found: dict[str, list[dict[str, float]]] = {DRAGGED: [], KEY: [], THROUGH: []}
    processors = Processors(page, server_id)
    # Up with one seed, down with the next: every value is new to the server.
    place, forward = 0, True
    for i in range(3 * options.changes):
        way = list(found)[i % 3]
        rest(page)
        if not 0 < place + (options.notches if forward else -options.notches) < LAST_NOTCH:
            forward = not forward
            page.get_by_role("spinbutton", name="Seed").fill(str(i))
            page.keyboard.press("Enter")
            page.wait_for_timeout(1000)
            rest(page)
        page.evaluate("(cut) => { window.cut = cut; }", way == THROUGH)
        slider = page.get_by_role("slider", name="Audio dropout").element_handle()
        slider.focus()
        x, y, step = slider.evaluate(THUMB)
        by = options.notches if forward else -options.notches
        place += by
        if way != KEY:
            page.mouse.move(x, y)
            page.mouse.down()
        wire.sent.clear()
        wire.received.clear()
        processors.lap()
        event = "keydown" if way == KEY else "pointermove"
        page.evaluate(f"(pair) => {{ window.painted = ({PRESS})(pair); }}", [event, player])
        if way == KEY:
            for _ in range(options.notches):
                page.keyboard.press("ArrowRight" if forward else "ArrowLeft")
        else:
            page.mouse.move(x + step * by, y)
        if way == THROUGH:
            page.mouse.up()
        took, painted, answered, size = page.evaluate("window.painted")
        page_cpu, server_cpu = processors.lap()
        if way == THROUGH:
            answered, size = wire.largest()
        if way == DRAGGED:
            page.mouse.up()
        found[way].append({
            "whole": took, "answer": answered, "paint": painted, "page": page_cpu, "server": server_cpu,
            "KB": size / 1024,
        })  # fmt: skip
    page.evaluate("() => { window.cut = false; }")
    ways = {way: {part: np.array([one[part] for one in steps]) for part in steps[0]} for way, steps in found.items()}
    rest(page)
    processors.lap()
    zoom = np.array(page.evaluate(ZOOM, 30))
    zoom_spent = processors.lap()[0] / len(zoom)
    page.keyboard.press("0")
    page.keyboard.press("Home")
    page.wait_for_timeout(1000)
    played = [tuple(page.evaluate(PLAY, PLAYED_S))]
    # A drag without steps first: what the page spends on the slider itself.
    for cut in (True, False):
        rest(page)
        page.evaluate("(cut) => { window.cut = cut; }", cut)
        before = int(page.get_attribute(PLAYER, "data-revision") or 0)
        moved, dragged = page.evaluate(f"(s) => Promise.all([({PLAY})(s), ({DRAG})(s)])", PLAYED_S)
        repaints = int(page.get_attribute(PLAYER, "data-revision") or 0) - before
        played.append(tuple(moved))
    heap = [heap_mb(page)]
    for _ in range(options.scrub_minutes):
        page.evaluate(SCRUB, 60)
        heap.append(heap_mb(page))
    return Measured(ways, zoom, zoom_spent, played, tuple(dragged), repaints, heap)


def rest(page: Page) -> None:
    """Wait until the page has followed, and a little longer."""
    page.wait_for_timeout(200)
    page.wait_for_function(RESTS)
    page.wait_for_timeout(200)


def heap_mb(page: Page) -> float:
    """What the page's scripts hold, after garbage was collected."""
    session = page.context.new_cdp_session(page)
    session.send("HeapProfiler.collectGarbage")
    return session.send("Runtime.getHeapUsage")["usedSize"] / 2**20


def report(name: str, values: np.ndarray, unit: str = "ms") -> None:
    print(f"  {name:34s} median {np.median(values):6.0f}   p95 {np.percentile(values, 95):6.0f} {unit}", flush=True)


def report_ways(ways: dict[str, dict[str, np.ndarray]]) -> None:
    """Print each way with its parts, and its ratio to that through the script."""
    for way, parts in ways.items():
        report(f"slider to repaint, {way}", parts["whole"])
        report("  question to answer", parts["answer"])
        report("  paint", parts["paint"])
        report("  page on a processor", parts["page"])
        report("  server on a processor", parts["server"])
        report("  answer", parts["KB"], "KB")
    through = ways[THROUGH]
    for way in (DRAGGED, KEY):
        parts = ways[way]
        whole, page, server = (np.median(parts[one]) / np.median(through[one]) for one in ("whole", "page", "server"))
        spread = np.percentile(parts["whole"], 95) / np.median(parts["whole"])
        print(f"  {way} / through the script: {whole:.2f} of the time, {page:.2f} of the page's processor time, "
              f"{server:.2f} of the server's; p95 {spread:.2f} times the median")  # fmt: skip


def main() -> None:
    """Print median and 95th percentile of the whole and of its parts, for each pair."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--checkpoints", type=Path, default=PROJECT / "checkpoints")
    parser.add_argument("--stride", type=int, default=4)
    parser.add_argument("--changes", type=int, default=40)
    parser.add_argument("--notches", type=int, default=1, help="of the slider, in a step")
    parser.add_argument("--scrub-minutes", type=int, default=1)
    parser.add_argument("--pairs", nargs="+", choices=PAIRS, default=PAIRS)
    parser.add_argument("--torch", action="store_true", help="export no model to ONNX Runtime")
    parser.add_argument("--work", type=Path, help="where the generated subject is kept; nowhere unless given")
    options = parser.parse_args()
    if options.torch:
        os.environ[exported_models.SWITCH] = "off"
    with tempfile.TemporaryDirectory() as home, sync_playwright() as playwright:
        data = options.work or Path(home) / "data"
        generate(data, load_checkpoint(options.checkpoints / f"{PAIRS[0]}.safetensors"), options.stride)
        browser = playwright.chromium.launch(executable_path=CHROMIUM, headless=True, args=list(FLAGS))
        with serve(data, Path(home), options.checkpoints) as (address, server):
            for pair in options.pairs:
                page = browser.new_page(viewport={"width": 1280, "height": 1000})
                page.set_default_timeout(120_000)
                found = measure(page, address, server.pid, pair, Path(home), options)
                page.close()
                models = [
                    load_checkpoint(options.checkpoints / f"{name}.safetensors") for name in (pair, f"{pair}_iaca")
                ]
                features = read_features(data / "features" / f"{SUBJECT.name}.safetensors")
                fusion = fusion_ms(features, models, min(10, options.changes))
                load = f"load {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores"
                print(
                    f"{pair} and {pair}_iaca, {SUBJECT.frames} frames, stride {options.stride}, "
                    f"{options.notches} notches a step, {load}"
                )
                report("fusion, both models, in torch", fusion)
                report_ways(found.ways)
                report("zoom", found.zoom)
                print(f"    of it, page on a processor         {found.zoom_spent:6.0f} ms")
                rested, alone, moved = (
                    f"{dropped} of {shown} ({seen} of {passed})" for seen, passed, shown, dropped in found.played
                )
                events, values = found.dragged
                print(f"  frames of the video that the browser dropped (frames of which the cursor was drawn): at rest "
                      f"{rested}; while {events} events dragged the slider over {values} values {alone} without steps "
                      f"and {moved} with {found.repaints} repaints")  # fmt: skip
                heap = ", ".join(f"{mb:.0f}" for mb in found.heap_mb)
                print(f"  memory of the page's scripts, each minute of scrubbing: {heap} MB")
        browser.close()
    print(BARS)


if __name__ == "__main__":
    main()
