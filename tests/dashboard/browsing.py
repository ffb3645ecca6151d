"""Looking at the player from outside: what a user sees, measured in the page."""

from __future__ import annotations

from typing import Any

from tests.dashboard.projects import CELL, CODE_BITS, HEIGHT, WIDTH

PLAYER = "[data-testid=player]"

TRIES = 5
PATIENCE_MS = 500

WATCH = """
({ bits, cell, width, height }) => {
  const player = document.querySelector('[data-testid=player]');
  const canvas = player.querySelector('[data-testid=player-canvas]');
  const cursor = player.querySelector('[data-testid=player-cursor]');
  const plot = player.querySelector('[data-testid=player-plot]');
  const copy = new OffscreenCanvas(width, cell).getContext('2d', { willReadFrequently: true });
  // The frame that a viewer reads off the picture, the one that the page claims, and the time under the cursor.
  window.sample = () => {
    const scale = canvas.width / width; // the picture may change its size
    copy.drawImage(canvas, 0, 0, canvas.width, cell * scale, 0, 0, width, cell);
    const pixels = copy.getImageData(0, 0, width, cell).data;
    let code = 0;
    for (let bit = 0; bit < bits; bit++) {
      const at = 4 * ((cell >> 1) * width + bit * cell + (cell >> 1));
      if (pixels[at] > 128) code |= 1 << bit;
    }
    // Time as a viewer reads it off the labels of the time axis.
    const labels = [...plot.querySelectorAll('.iaca-x-tick')];
    const middle = (box) => box.left + box.width / 2;
    const placed = (label) => [Number(label.textContent), middle(label.getBoundingClientRect())];
    const [from, to] = [placed(labels[0]), placed(labels.at(-1))];
    const pixel_s = (to[0] - from[0]) / (to[1] - from[1]);
    return {
      picture: code,
      frame: Number(player.dataset.frame),
      pts: Number(player.dataset.pts),
      cursor_s: from[0] + (middle(cursor.getBoundingClientRect()) - from[1]) * pixel_s,
      pixel_s,
      seeking: player.dataset.seeking,
      playing: player.dataset.playing,
    };
  };
}
"""


def open_player(page: Any, address: str, subject: str, **parameters: str) -> None:
    """Open the page on a subject and wait until its curves and its first picture are there."""
    query = "&".join(f"{key}={value}" for key, value in {"subject": subject, **parameters}.items())
    page.goto(f"{address}/?{query}")
    page.wait_for_selector(f'{PLAYER}[data-subject="{subject}"][data-revision]')
    page.evaluate(WATCH, {"bits": CODE_BITS, "cell": CELL, "width": WIDTH, "height": HEIGHT})
    page.wait_for_function(f"document.querySelector('{PLAYER} canvas').width === {WIDTH}")
    settle(page)


def settle(page: Any) -> None:
    """Wait until no seek is in flight."""
    page.wait_for_function(f"document.querySelector('{PLAYER}').dataset.seeking === 'false'")


def sample(page: Any) -> dict[str, Any]:
    """What the page shows at this moment."""
    return page.evaluate("sample()")


def state(page: Any, name: str) -> str:
    """One data attribute of the player."""
    return page.get_attribute(PLAYER, f"data-{name}")


def record(page: Any, seconds: float) -> list[dict[str, Any]]:
    """One sample after every painted frame of the page for some seconds."""
    return page.evaluate(
        """(ms) => new Promise((done) => {
          const samples = [];
          const start = performance.now();
          const next = () => {
            samples.push({ ...sample(), at: performance.now() - start });
            performance.now() - start < ms ? requestAnimationFrame(next) : done(samples);
          };
          requestAnimationFrame(next);
        })""",
        seconds * 1000,
    )


def slide(page: Any, label: str, key: str) -> None:
    """Press a key on a slider as soon as it takes one, and wait until the page has followed."""
    before = int(state(page, "revision"))
    page.get_by_role("slider", name=label, disabled=False).press(key)
    wait_for_page(page, before)


def wait_for_page(page: Any, before: int) -> None:
    """Wait until the player was painted after a revision, and shows what the page has sent and no step ahead of it."""
    page.wait_for_function(
        f"""() => {{
          const {{ revision, ahead }} = document.querySelector('{PLAYER}').dataset;
          return Number(revision) > {before} && ahead === 'false';
        }}"""
    )


def grasp(page: Any, key: str) -> tuple[float, float, float]:
    """Take the thumb of a slider with the mouse, as soon as it can be: where it is, and the width of the track, px."""
    x, y, width = page.locator(f".st-key-{key} input:enabled").evaluate(
        """(slider) => {
          const handle = slider.parentElement.parentElement;
          const thumb = handle.getBoundingClientRect();
          const track = handle.offsetParent.getBoundingClientRect();
          return [thumb.left + thumb.width / 2, thumb.top + thumb.height / 2, track.width];
        }"""
    )
    page.mouse.move(x, y)
    page.mouse.down()
    return x, y, width


def open_sidebar(page: Any) -> None:
    """Open the sidebar, which is closed until a visit opens it."""
    if page.evaluate("document.querySelector('[data-testid=stSidebar]').getBoundingClientRect().x < 0"):
        page.get_by_test_id("stExpandSidebarButton").click()
    page.wait_for_function("document.querySelector('[data-testid=stSidebar]').getBoundingClientRect().x === 0")


def choose(page: Any, label: str, option: str, *, exact: bool = False) -> None:
    """Choose in a selectbox. Its list closes when the page moves below it: then it is opened again, as a user would."""
    box = page.get_by_role("combobox", name=label, exact=exact)
    found = page.get_by_role("option", name=option, exact=exact)
    for _ in range(TRIES):
        box.click()
        page.wait_for_timeout(PATIENCE_MS)
        if found.count():
            found.click()
            return
        page.keyboard.press("Escape")
    raise AssertionError(f"the list of {label} with {option} did not stay open")


def downloaded(page: Any, button: Any) -> tuple[str, bytes]:
    """Click a button that hands over a file; its name and content.

    Once the page rests: a run of the page makes its files anew, and a click in between asks for one that is gone.
    """
    page.wait_for_selector("[data-testid=stApp][data-test-script-state=notRunning]")
    with page.expect_download() as coming:
        button.click()
    return coming.value.suggested_filename, coming.value.path().read_bytes()
