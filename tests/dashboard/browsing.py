"""Looking at the player from outside: what a user sees, measured in the page."""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise
from typing import Any

from playwright.sync_api import TimeoutError as PlaywrightTimeout

from tests.dashboard.projects import CELL, CODE_BITS, HEIGHT, WIDTH

PLAYER = "[data-testid=player]"
RESTS = "[data-testid=stApp][data-test-script-state=notRunning]"

TRIES = 9
PATIENCE_MS = 500
"""How long a list may take to open at the first try; twice as long at each further one."""

INSISTENCE_MS = 10_000
"""How long to wait before something is done again that a page may have missed."""

DOWNLOAD_MS = 60_000
"""How long a file may take to be made and handed over."""

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
    """Open the page on a subject and wait until its curves and its first picture are there, and the page rests."""
    open_early(page, address, subject, **parameters)
    rest(page)
    settle(page)


def open_early(page: Any, address: str, subject: str, **parameters: str) -> None:
    """The same while the page may go on with what comes after the player."""
    query = "&".join(f"{key}={value}" for key, value in {"subject": subject, **parameters}.items())
    page.goto(f"{address}/?{query}")
    page.wait_for_selector(f'{PLAYER}[data-subject="{subject}"][data-revision]')
    page.evaluate(WATCH, {"bits": CODE_BITS, "cell": CELL, "width": WIDTH, "height": HEIGHT})
    page.wait_for_function(f"document.querySelector('{PLAYER} canvas').width === {WIDTH}")
    settle(page)


def settle(page: Any) -> None:
    """Wait until no seek is in flight."""
    page.wait_for_function(f"document.querySelector('{PLAYER}').dataset.seeking === 'false'")


def rest(page: Any) -> None:
    """Wait until no run of the page is in progress."""
    page.wait_for_selector(RESTS)


def reload(page: Any) -> None:
    """Load the page anew, and wait until the player is there and the page rests."""
    page.reload()
    page.wait_for_selector(f"{PLAYER}[data-revision]")
    rest(page)


def wait_for_address(page: Any, *parts: str) -> None:
    """Wait until the query of the address has these parts."""
    page.wait_for_function("(parts) => parts.every((part) => location.search.includes(part))", arg=parts)


def place_of(locator: Any) -> dict[str, float]:
    """Where an element is, px, once it is there and has stayed in its place from one frame to the next."""
    handle = locator.element_handle()
    handle.wait_for_element_state("stable")
    return handle.bounding_box()


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


def play_watched(page: Any, speed: str) -> None:
    """Play over and over; from then on every frame of the page is watched, and whoever pauses the video or seeks."""
    page.get_by_test_id("player-video").evaluate("(video) => { video.loop = true; }")
    page.locator(".iaca-speed select").select_option(speed)
    page.get_by_role("button", name="Play", exact=True).click()
    page.wait_for_selector(f"{PLAYER}[data-playing=true]")
    page.get_by_test_id("player-video").evaluate(
        """(video) => {
          Object.assign(window, { samples: [], pauses: 0, seeks: 0, watched: video });
          video.addEventListener('pause', () => window.pauses++);
          const { get, set } = Object.getOwnPropertyDescriptor(HTMLMediaElement.prototype, 'currentTime');
          Object.defineProperty(video, 'currentTime', { get, set(second) { window.seeks++; set.call(this, second); } });
          const look = () => { window.samples.push(sample()); requestAnimationFrame(look); };
          look();
        }"""
    )


def check_undisturbed(page: Any, frames: int) -> list[dict[str, Any]]:
    """Nothing has paused the video, put another in its place or turned it back but its own end; the samples so far."""
    seen = page.evaluate(
        "({ samples, pauses, seeks, same: watched === document.querySelector('[data-testid=player-video]') })"
    )
    assert seen["same"]
    assert (seen["pauses"], seen["seeks"]) == (0, 0)
    steps = [after["frame"] - before["frame"] for before, after in pairwise(seen["samples"])]
    assert all(step >= 0 or step < -frames / 2 for step in steps), steps
    return seen["samples"]


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


def text_of(page: Any) -> str:
    """All that a page says, in a closed sidebar too."""
    return "\n".join([page.locator("body").inner_text(), *page.get_by_test_id("stSidebar").all_text_contents()])


def open_sidebar(page: Any) -> None:
    """Open the sidebar, which is closed until a visit opens it."""
    if page.evaluate("document.querySelector('[data-testid=stSidebar]').getBoundingClientRect().x < 0"):
        page.get_by_test_id("stExpandSidebarButton").click()
    page.wait_for_function("document.querySelector('[data-testid=stSidebar]').getBoundingClientRect().x === 0")


def choose(page: Any, label: str, option: str, *, exact: bool = False) -> None:
    """Choose in a selectbox. Its list closes when the page moves below it: then it is opened again, as a user would."""
    box = page.get_by_role("combobox", name=label, exact=exact)
    found = page.get_by_role("option", name=option, exact=exact)
    for tried in range(TRIES):
        box.click()
        try:
            found.click(timeout=PATIENCE_MS * 2**tried)
            return
        except PlaywrightTimeout:
            page.keyboard.press("Escape")
    raise AssertionError(f"the list of {label} with {option} did not stay open")


def insist(act: Callable[[], None], sign: Any) -> None:
    """Do something until a sign of it shows: for what may be laid out anew in between, and says so nowhere."""
    for tried in range(TRIES):
        act()
        try:
            return sign.wait_for(timeout=INSISTENCE_MS * (1 + tried))
        except PlaywrightTimeout:
            continue
    raise AssertionError(f"{sign} did not come")


def click_grid(page: Any, grid: Any, x: float, y: float, sign: Any) -> None:
    """Click at a place of a data frame, px from its corner, until a sign of it shows."""
    grid.locator("[data-testid^=glide-cell]").first.wait_for(state="attached")  # it takes no click before

    def click() -> None:
        corner = place_of(grid)
        page.mouse.click(corner["x"] + x, corner["y"] + y)

    insist(click, sign)


def downloaded(page: Any, button: Any) -> tuple[str, bytes]:
    """Click a button that hands over a file; its name and content.

    Once the page rests: a run of the page makes its files anew, and a click in between asks for one that is gone. A run
    may also begin with the click, as when the player tells where the cursor rests: then it is clicked again.
    """
    for _ in range(TRIES):
        rest(page)
        try:
            with page.expect_download(timeout=DOWNLOAD_MS) as coming:
                button.click()
        except PlaywrightTimeout:
            continue
        return coming.value.suggested_filename, coming.value.path().read_bytes()
    raise AssertionError(f"{button} handed over nothing")
