"""From the dropout slider to the repainted curves, both models: `python -m benchmarks.dropout_latency`.

Bar: a median of at most 300 ms on 2 cores for a subject of 1,250 frames. Parts: what the models take (measured alone,
in this process), what the browser takes from the arrival of the numbers to the painted frame, and the rest: widget,
script run, and transfer.
"""

from __future__ import annotations

import argparse
import os
import tempfile
import time
from pathlib import Path

import numpy as np
from playwright.sync_api import sync_playwright

from dashboard import services
from dashboard.session import PROJECT
from iaca.checkpoints import load_checkpoint
from iaca.config import DropoutConfig
from iaca.inference import infer
from tests.dashboard.browsing import PLAYER
from tests.dashboard.serving import CHROMIUM, FLAGS, serve

BAR_MS = 300
MODELS = ("ca", "ca_iaca")

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


def fusion_ms(data: Path, checkpoints: Path, subject: str, changes: int) -> np.ndarray:
    """What both models take for one dropout, in this process."""
    features = services.features(data / "features" / f"{subject}.safetensors")
    models = [load_checkpoint(checkpoints / f"{name}.safetensors") for name in MODELS]
    times = []
    for i in range(changes + 1):
        begin = time.perf_counter()
        for model in models:
            infer(features, model, [DropoutConfig(share=(i % 20) * 0.05, seed=i)])
        times.append(1000 * (time.perf_counter() - begin))
    return np.array(times[1:])


def slider_ms(data: Path, checkpoints: Path, subject: str, changes: int) -> np.ndarray:
    """(changes, 2): key on the slider to painted curves, and the browser's own part of it."""
    with (
        tempfile.TemporaryDirectory() as home,
        sync_playwright() as playwright,
        serve(data, Path(home), checkpoints) as (address, _),
    ):
        browser = playwright.chromium.launch_persistent_context(
            str(Path(home) / "profile"),
            executable_path=CHROMIUM,
            headless=True,
            args=list(FLAGS),
            viewport={"width": 1280, "height": 900},
        )
        page = browser.pages[0]
        page.goto(f"{address}/?subject={subject}&drop_audio=true&dropout=0")
        page.wait_for_selector(f"{PLAYER}[data-revision]", timeout=120_000)
        player = page.locator(PLAYER).element_handle()
        times = []
        for i in range(changes):
            page.wait_for_timeout(150)
            slider = page.get_by_role("slider", name="Audio dropout").element_handle()
            slider.focus()
            page.evaluate(f"(pair) => {{ window.painted = ({PRESS})(pair); }}", [slider, player])
            # Every value is new to the server: its caches do not help.
            if i % 19 == 18:
                page.get_by_role("spinbutton", name="Seed").fill(str(i))
                page.keyboard.press("Enter")
                page.wait_for_timeout(1500)
                continue
            page.keyboard.press("ArrowRight" if i // 19 % 2 == 0 else "ArrowLeft")
            times.append(page.evaluate("window.painted"))
        browser.close()
    return np.array(times)


def main() -> None:
    """Print median and 95th percentile of the whole and of its parts."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, default=PROJECT / "demo")
    parser.add_argument("--checkpoints", type=Path, default=PROJECT / "checkpoints")
    parser.add_argument("--subject", default="weak-voice-03")
    parser.add_argument("--changes", type=int, default=40)
    options = parser.parse_args()
    fusion = fusion_ms(options.data, options.checkpoints, options.subject, options.changes)
    whole, paint = slider_ms(options.data, options.checkpoints, options.subject, options.changes).T
    rest = whole - paint - np.median(fusion)
    print(f"{len(whole)} changes, load of the machine {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores; ms")
    for name, values in (("fusion", fusion), ("widget, script and transfer", rest), ("paint", paint), ("whole", whole)):
        print(f"  {name:30s} median {np.median(values):6.0f}   p95 {np.percentile(values, 95):6.0f}")
    print(f"  bar: median {BAR_MS}")


if __name__ == "__main__":
    main()
