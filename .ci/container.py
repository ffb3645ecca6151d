"""Rehearses the Dockerfile where there is no Docker: its steps in a new folder and a new environment, then the page.

    [TORCH_INDEX=URL] python .ci/container.py [--reuse-packages]

Run by hand. Paths of the image become folders below a temporary one. Not rehearsed: the base image, the user, the
layers, and COPY from one stage to another, which is the same folder here. TORCH_INDEX is the build argument of that
name: with PyTorch's CPU index the environment must hold a torch without CUDA, without it one with CUDA.

With --reuse-packages the environment that runs this lends its packages, since a second copy of them takes gigabytes;
only the project itself is installed, and TORCH_INDEX is not looked at.
"""

from __future__ import annotations

import fnmatch
import json
import os
import re
import shlex
import shutil
import signal
import socket
import subprocess
import sys
import sysconfig
import tempfile
import time
import urllib.request
from pathlib import Path
from typing import NamedTuple

CLONE = Path(__file__).resolve().parent.parent
OF_THE_IMAGE = r"(?<![\w.])/(opt/iaca|src|cache|data|home/iaca)\b"
PATIENCE_S = 300


class Step(NamedTuple):
    """One instruction: its name in capitals, and what follows."""

    name: str
    text: str


def steps(dockerfile: Path) -> list[Step]:
    """The instructions of a Dockerfile, without comments, each on one line."""
    text = re.sub(r"^\s*#.*\n", "", dockerfile.read_text(encoding="utf-8"), flags=re.MULTILINE)
    text = text.replace("\\\n", " ")
    return [Step(*line.split(None, 1)) for line in text.splitlines() if line.strip()]


def words(step: Step) -> list[str]:
    """The words of an instruction, whose list may be one of JSON."""
    text = step.text[step.text.find("[") :] if "[" in step.text else ""
    return json.loads(text) if text else shlex.split(step.text)


def of_context(path: str, dockerignore: Path) -> bool:
    """Whether a file goes to Docker at all: the last line of .dockerignore that names it, or its folder, decides."""
    kept = True
    names = [path, *(str(parent) for parent in Path(path).parents if str(parent) != ".")]
    for line in dockerignore.read_text(encoding="utf-8").splitlines():
        pattern = line.strip().removeprefix("!")
        if not pattern or pattern.startswith("#"):
            continue
        expression = "".join(
            {"**/": "(?:.*/)?", "*": "[^/]*"}.get(part, re.escape(part)) for part in re.split(r"(\*\*/|\*)", pattern)
        )
        if any(re.fullmatch(expression, name) for name in names):
            kept = line.startswith("!")
    return kept


def files_of(source: str) -> list[str]:
    """Tracked files below a source of COPY that go to Docker."""
    listed = subprocess.run(["git", "ls-files", source], cwd=CLONE, capture_output=True, text=True, check=True).stdout
    return [name for name in listed.splitlines() if of_context(name, CLONE / ".dockerignore")]


def asked_of_pip(steps: list[Step], index: str, folder: Path) -> list[list[str]]:
    """What the steps that install pinned packages ask of pip, which only writes it down.

    Args:
        steps: Of the Dockerfile.
        index: Value of the build argument TORCH_INDEX; "": its default.
        folder: An empty folder; what the steps write stays there.

    Returns:
        The arguments of each call.
    """
    listing, pip = folder / "asked", folder / "bin" / "pip"
    pip.parent.mkdir()
    pip.write_text('#!/bin/sh\nprintf "%s\\n" "$*" >> "$ASKED"\n')
    pip.chmod(0o755)
    shutil.copy(CLONE / "requirements.txt", folder)
    environment = {"PATH": f"{pip.parent}:{os.environ['PATH']}", "ASKED": str(listing), "TORCH_INDEX": index}
    for step in steps:
        if step.name == "RUN" and fnmatch.fnmatch(step.text, "*pip install *-r *"):
            subprocess.run(["sh", "-euc", step.text], cwd=folder, env=environment, check=True)
    return [shlex.split(line) for line in listing.read_text(encoding="utf-8").splitlines()]


def rehearse(root: Path, reuse: bool) -> None:
    """Do every step, then start the page as a container would, and ask it as HEALTHCHECK does."""

    def here(text: str) -> str:
        return re.sub(OF_THE_IMAGE, lambda found: str(root / found[1]), text)

    own = {name: os.environ[name] for name in os.environ if name.startswith(("PIP_", "SSL_", "HTTP", "http"))}
    environment = own | {"PATH": os.environ["PATH"], "HOME": str(root / "home/iaca")}
    folder, found = root, {}
    for name in ("cache", "data", "home/iaca"):
        (root / name).mkdir(parents=True)
    for step in steps(CLONE / "Dockerfile"):
        print(f"+ {step.name} {step.text}", flush=True)
        if step.name == "ENV":
            for pair in shlex.split(here(step.text)):
                name, value = pair.split("=", 1)
                environment[name] = value.replace("$PATH", environment["PATH"])
        elif step.name == "ARG":
            name, value = step.text.split("=", 1)
            environment[name] = os.environ.get(name, value.strip('"'))
        elif step.name == "WORKDIR":
            folder = Path(here(step.text))
            folder.mkdir(parents=True, exist_ok=True)
        elif step.name == "COPY" and "--from" not in step.text:
            *sources, target = words(step)
            for file in (file for source in sources for file in files_of(source)):
                place = folder / file if target in (".", "./", file.split("/")[0]) else folder / target / file
                place.parent.mkdir(parents=True, exist_ok=True)
                shutil.copy(CLONE / file, place)
        elif step.name == "RUN" and "useradd" in step.text:
            print("  (not rehearsed: another user)")
        elif step.name == "RUN" and reuse and fnmatch.fnmatch(step.text, "*pip install *-r *"):
            purelib = next((root / "opt/iaca/lib").glob("python*/site-packages"))
            (purelib / "others.pth").write_text(sysconfig.get_path("purelib") + "\n")
            for one in purelib.glob("setuptools*"):  # an old one, which torch's own requirement replaces
                shutil.rmtree(one)
        elif step.name == "RUN":
            subprocess.run(["sh", "-euc", here(step.text)], cwd=folder, env=environment, check=True)
        elif step.name in ("ENTRYPOINT", "CMD", "HEALTHCHECK"):
            found[step.name] = words(step)
    if not reuse:
        code = "import torch; print(torch.version.cuda or '')"
        done = subprocess.run(
            ["python", "-c", code], env=environment, capture_output=True, text=True, check=True
        )  # fmt: skip
        cuda, index = done.stdout.strip(), environment["TORCH_INDEX"]
        print(f"torch with CUDA {cuda}" if cuda else "torch for the CPU alone")
        if sys.platform == "linux" and bool(cuda) == index.rstrip("/").endswith("/cpu"):
            sys.exit(f"TORCH_INDEX is {index!r}, and torch is for CUDA {cuda!r}; expected CUDA without the CPU index")
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = str(probe.getsockname()[1])
    command, asked = (
        [word.replace("8501", port) for word in line]
        for line in (found["ENTRYPOINT"] + found["CMD"], found["HEALTHCHECK"])
    )
    began_s = time.monotonic()
    program = shutil.which(command[0], path=environment["PATH"])
    page = subprocess.Popen([program, *command[1:]], cwd=folder, env=environment)
    try:
        while subprocess.run(asked, env=environment, capture_output=True, check=False).returncode:
            if page.poll() is not None or time.monotonic() - began_s > PATIENCE_S:
                sys.exit("the page did not start")
            time.sleep(0.2)
        print(f"healthy after {time.monotonic() - began_s:.1f} s")
        for path in ("/iaca/ready", "/"):
            with urllib.request.urlopen(f"http://127.0.0.1:{port}{path}", timeout=120) as answer:
                print(f"{path}: {answer.status} {answer.read(80)!r}")
    finally:
        page.send_signal(signal.SIGINT)
        print(f"ended with {page.wait(30)}")


if __name__ == "__main__":
    with tempfile.TemporaryDirectory(prefix="iaca-container-") as temporary:
        rehearse(Path(temporary).resolve(), "--reuse-packages" in sys.argv[1:])
