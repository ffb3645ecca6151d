"""Many visits at once, each moving the dropout slider once a second: `python -m benchmarks.visits`.

Bars on 2 idle cores, for 20 visits of five minutes: no error, no crosstalk, memory within what the server takes for
one visit and `--memory`, and both the curves of a move and the page that follows within 3 s at the 95th percentile.
Visits are web sockets and requests without a browser: what a browser takes to paint is not in the times. `--server
FOLDER` measures the page of another clone first, for a comparison in one run; it may know no `--memory`.

Crosstalk is looked for in two ways: what a visit was shown must be what a visit that is alone is shown for the same
request, and what one visit may fetch must be refused to another.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import random
import re
import secrets
import subprocess
import tempfile
import time
import urllib.error
import urllib.request
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import NamedTuple
from urllib.parse import urlsplit

import numpy as np
import websockets
from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg

from dashboard.admission import COOKIE
from iaca.resources import shipped
from tests.dashboard.serving import PROJECT, serve

SUBJECTS = ("strong-01", "weak-face-02", "weak-voice-03", "stranger-face-04", "conflict-05", "restrained-face-06",
            "strong-07", "weak-voice-08", "weak-face-09", "stranger-voice-10")  # fmt: skip
SLIDER = "Audio dropout (%)"
PERIOD_S = 1.0
PATIENCE_S = 300
EARLY = 2
"""The status of a run that ended early, for another one."""

PRIVATE = re.compile(rb"/iaca/(?:media|table|sound)/[0-9a-f]{64}")
STEPS = re.compile(rb'"steps": (\{"address": "[^"]*", "values": \{[^}]*\}\})')
CURVES = re.compile(rb'"live_\d+": \{"__streamlit_arrow_ref__": "\w+"\}')
CHECKED = 30
"""Moves that are made again, alone."""


class Shown(NamedTuple):
    """What a visit was shown for a move: names of the curves in the page's run, and the curves of the step before."""

    subject: str
    seed: int
    share: int
    page: tuple[bytes, ...]
    step: bytes


class Visit:
    """One browser's visit, as far as the server can tell."""

    def __init__(self, address: str) -> None:
        self.address = address
        self.cookie = f"{COOKIE}={secrets.token_urlsafe(32)}"
        self.private: set[bytes] = set()
        self.faults: list[str] = []
        self.steps: dict = {}
        self.curves: tuple[bytes, ...] = ()
        self.slider = ""

    async def __aenter__(self) -> Visit:
        self._socket = await websockets.connect(
            f"ws://{urlsplit(self.address).netloc}/_stcore/stream",
            subprotocols=[websockets.Subprotocol("streamlit")],
            additional_headers={"Cookie": self.cookie},
            max_size=None,
            open_timeout=PATIENCE_S,
            ping_timeout=None,
        )
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._socket.close()

    async def run(self, query: str, share: int | None = None) -> float:
        """Let the page run to its end, with the slider moved or as it was; returns seconds."""
        message = BackMsg()
        message.rerun_script.query_string = query
        if share is not None:
            state = message.rerun_script.widget_states.widgets.add(id=self.slider)
            state.double_array_value.data.append(share)
        began = time.monotonic()
        await self._socket.send(message.SerializeToString())
        while True:
            raw = await asyncio.wait_for(self._socket.recv(), PATIENCE_S)
            self._read(raw)
            answer = ForwardMsg.FromString(raw)
            if answer.WhichOneof("type") == "script_finished" and answer.script_finished != EARLY:
                return time.monotonic() - began
            self._note(answer)

    async def step(self, share: int) -> tuple[float, bytes]:
        """Ask for a step of the slider, past the script; returns seconds and the curves, if the page knows steps."""
        if not self.steps:
            return 0.0, b""
        body = json.dumps(self.steps["values"] | {"dropout": str(share)}).encode()
        began = time.monotonic()
        status, content = await asyncio.to_thread(self.ask, self.steps["address"], body)
        if status != 200:
            self.faults.append(f"a step was answered with {status}: {content[:100]!r}")
        return time.monotonic() - began, content.partition(b"\n")[2]

    def ask(self, path: str, body: bytes | None = None, cookie: str | None = None) -> tuple[int, bytes]:
        """One request as this visit, or with another cookie; returns status and content."""
        headers = {"Cookie": self.cookie if cookie is None else cookie, "Content-Type": "application/json"}
        request = urllib.request.Request(self.address + path, body, headers)
        try:
            with urllib.request.urlopen(request, timeout=PATIENCE_S) as answer:
                return answer.status, answer.read()
        except urllib.error.HTTPError as error:
            return error.code, error.read()

    def _read(self, raw: bytes) -> None:
        self.private.update(PRIVATE.findall(raw))
        if curves := CURVES.findall(raw):
            self.curves = tuple(curves)
        if steps := STEPS.findall(raw):
            self.steps = json.loads(steps[-1])

    def _note(self, message: ForwardMsg) -> None:
        element = message.delta.new_element
        kind = element.WhichOneof("type")
        if kind == "slider" and element.slider.label == SLIDER:
            self.slider = element.slider.id
        if kind == "exception" or (kind == "alert" and "went wrong" in element.alert.body):
            self.faults.append(str(element)[:200])


async def look(address: str, number: int, until: float, found: dict[str, list]) -> Visit:
    """One visit that moves the slider until a time; what it met goes into `found`."""
    subject, rng = SUBJECTS[number % len(SUBJECTS)], random.Random(number)
    query = f"subject={subject}&drop_audio=true&seed={number}"
    visit = Visit(address)
    try:
        async with visit:
            found["first page"].append(await visit.run(query))
            await asyncio.sleep(rng.random())
            while time.monotonic() < until:
                began, share = time.monotonic(), 5 * rng.randrange(1, 20)
                step_s, curves = await visit.step(share)
                found["curves"].append(step_s)
                found["page"].append(await visit.run(query, share))
                found["shown"].append(Shown(subject, number, share, visit.curves, curves))
                await asyncio.sleep(max(0.0, PERIOD_S - (time.monotonic() - began)))
    except (OSError, TimeoutError, websockets.WebSocketException) as error:
        visit.faults.append(f"{type(error).__name__}: {error}")
    found["faults"] += [(number, fault) for fault in visit.faults]
    return visit


async def crosstalk(address: str, shown: list[Shown], visits: list[Visit]) -> tuple[int, int]:
    """How many of some moves show something else to a visit that is alone; how many addresses answer another visit."""
    wrong = answered = 0
    for one in random.Random(1).sample(shown, min(CHECKED, len(shown))):
        async with Visit(address) as alone:
            query = f"subject={one.subject}&drop_audio=true&seed={one.seed}"
            await alone.run(query)
            _, curves = await alone.step(one.share)
            await alone.run(query, one.share)
            wrong += (alone.curves, curves) != (one.page, one.step)
    for owner, other in zip(visits, visits[1:] + visits[:1], strict=True) if len(visits) > 1 else ():
        for path in random.Random(2).sample(sorted(owner.private), min(5, len(owner.private))):
            status, _ = await asyncio.to_thread(owner.ask, path.decode(), None, other.cookie)
            answered += status != 404
    return wrong, answered


def resident_mb(process: int) -> float:
    """Resident size of a process."""
    lines = Path(f"/proc/{process}/status").read_text().splitlines()
    return int(next(line.split()[1] for line in lines if line.startswith("VmRSS"))) / 1024


def processor_s(process: int) -> float:
    """Processor time of a process so far."""
    fields = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


async def measure(address: str, process: int, count: int, seconds: float, budget_mb: float) -> None:
    """Print what many visits meet."""
    found: dict[str, list] = {name: [] for name in ("first page", "curves", "page", "shown", "faults", "memory")}
    # As many threads as visits: requests of this process must not wait for each other.
    asyncio.get_running_loop().set_default_executor(ThreadPoolExecutor(count + 1))
    async with Visit(address) as warm:
        await warm.run("")
    alone_mb, began_s, until = resident_mb(process), processor_s(process), time.monotonic() + seconds

    async def watch() -> None:
        while True:
            found["memory"].append(resident_mb(process))
            await asyncio.sleep(2)

    watcher = asyncio.create_task(watch())
    visits = await asyncio.gather(*(look(address, number, until, found) for number in range(count)))
    watcher.cancel()
    used_s = processor_s(process) - began_s
    for name in ("first page", "curves", "page"):
        if any(found[name]):
            p50, p95 = np.percentile(found[name], [50, 95])
            print(f"  {name}: p50 {p50:.2f} s, p95 {p95:.2f} s, longest {max(found[name]):.2f} s")
    moves = len(found["page"])
    each_ms = 1000 * used_s / max(1, moves)
    print(f"  {moves} moves, {moves / seconds:.1f} a second, {each_ms:.0f} ms of processor time each")
    print(
        f"  memory: {alone_mb:.0f} MB with one visit, {found['memory'][-1]:.0f} at the end, {max(found['memory']):.0f} "
        f"at most; bar {alone_mb + budget_mb:.0f}"
    )
    print(f"  errors: {len(found['faults'])}", *found["faults"][:5], flush=True)
    wrong, answered = await crosstalk(address, found["shown"], visits)
    print(f"  crosstalk: {wrong} of {min(CHECKED, moves)} moves, {answered} addresses of others answered", flush=True)


def main() -> None:
    """Measure this clone's page, after that of another one where it is named."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--visits", type=int, default=20)
    parser.add_argument("--seconds", type=float, default=300.0)
    parser.add_argument("--memory", type=float, default=0.5, help="budget of what visits share, GB")
    parser.add_argument("--server", type=Path, help="another clone, measured first")
    args = parser.parse_args()
    for project in filter(None, (args.server, PROJECT)):
        revision = subprocess.run(
            ["git", "rev-parse", "--short", "HEAD"], cwd=project, capture_output=True, text=True, check=False
        ).stdout.strip()
        page = ("--memory", str(args.memory)) if project == PROJECT else ()
        with (
            tempfile.TemporaryDirectory() as home,
            serve(shipped("demo"), Path(home), shipped("checkpoints"), page=page, project=project) as (address, server),
        ):
            print(
                f"{revision or project.name}: {args.visits} visits, {args.seconds:.0f} s, load before "
                f"{os.getloadavg()[0]:.1f}"
            )
            asyncio.run(measure(address, server.pid, args.visits, args.seconds, args.memory * 1000))


if __name__ == "__main__":
    main()
