"""Where the project runs: folders of data, caches, free disk, and the port of the page."""

from __future__ import annotations

import errno
import os
import shutil
import socket
import tempfile
import urllib.request
from collections.abc import Collection, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from iaca.doctor.verdicts import State, Verdict
from iaca.errors import BAD_INPUT
from iaca.files import OutputError, check_writable, file_sha256
from iaca.headers import has_checksum
from iaca.listening import HERE
from iaca.resources import PAGE, cache_folder, shipped

GIB = 2**30
LEAST_FREE = GIB
"""Bytes without which not even a short video can be worked on."""

USUAL_FREE = 20 * GIB
"""What uploads may take by default."""

USUAL_PORT = 8501


def look_around(
    data: Sequence[Path], features: Path | None, checkpoints: Path | None, port: int | None
) -> Iterator[Verdict]:
    """Verdicts on folders, disk and port.

    Args:
        data: Roots of data; none: IACA_DATA.
        features: Their feature files; None: IACA_FEATURES, else the folder `features` of the first root.
        checkpoints: Models; None: IACA_CHECKPOINTS, else those that ship.
        port: Of the page; None: the usual one, or the next that is free.
    """
    named = [Path(part) for part in os.environ.get("IACA_DATA", "").split(os.pathsep) if part.strip()]
    roots = [*data] or named
    yield from _data(roots)
    yield from _features(features, roots)
    yield from _models(checkpoints)
    yield from _written()
    yield _port(port)


def _data(roots: Sequence[Path]) -> Iterator[Verdict]:
    if not roots:
        found = "none is named; the page shows the synthetic corpus"
        yield Verdict("data", State.OK, found)
    for root in roots:
        if not root.is_dir():
            yield Verdict("data", State.FAILED, f"{root} is not a folder", "Correct --data or IACA_DATA.")
            continue
        from iaca.data.recordings import find_recordings

        index = find_recordings([root])
        found = f"{root}: {len(index.recordings)} subjects"
        if not index.recordings:
            remedy = "Name the folder that holds batch1, cropped_aligned and the annotations."
            yield Verdict("data", State.FAILED, found, remedy)
        elif index.problems:
            remedy = f"python -m iaca index {root} lists them."
            yield Verdict("data", State.NOTE, f"{found}, {len(index.problems)} problems", remedy)
        else:
            yield Verdict("data", State.OK, found)


def _features(given: Path | None, roots: Sequence[Path]) -> Iterator[Verdict]:
    named = given or os.environ.get("IACA_FEATURES")
    if not named and not roots:
        return
    folder = Path(named) if named else roots[0] / "features"
    files = sorted(folder.glob("*.safetensors")) if folder.is_dir() else []
    if files:
        yield Verdict("features", State.OK, f"{folder}: {len(files)} files")
        yield from _unchecked(folder, files, "python -m iaca extract")
        return
    found = f"{folder} holds no feature files" if folder.is_dir() else f"{folder} is not a folder"
    remedy = "Correct --features or IACA_FEATURES, or make them with: python -m iaca extract."
    yield Verdict("features", State.FAILED if named else State.NOTE, found, remedy)


def _unchecked(folder: Path, files: Sequence[Path], command: str, compared: Collection[Path] = ()) -> Iterator[Verdict]:
    """A note about files in which damage goes unnoticed: they carry no checksum, and no model knows their hash."""
    number = sum(has_checksum(file) is False for file in files if file not in compared)
    if number:
        found = f"{number} of the {len(files)} files in {folder} carry no checksum: damage to them goes unnoticed"
        yield Verdict("checksums", State.NOTE, found, f"Those of iaca 0.1.0 are made again by: {command}.")


def _models(given: Path | None) -> Iterator[Verdict]:
    from iaca.checkpoints import describe_file

    folder = Path(given or os.environ.get("IACA_CHECKPOINTS") or shipped("checkpoints"))
    files = sorted(folder.glob("*.safetensors")) if folder.is_dir() else []
    if not files:
        remedy = "Correct --checkpoints or IACA_CHECKPOINTS, or train a model with: python -m iaca train."
        yield Verdict("models", State.FAILED, f"{folder} holds no checkpoints", remedy)
        return
    described, damaged = {}, []
    for file in files:
        try:
            described[file] = describe_file(file)
        except BAD_INPUT as error:
            damaged.append(str(error))
    if damaged:
        remedy = "Copy the file again, or install iaca again where it ships."
        yield Verdict("models", State.FAILED, "; ".join(damaged), remedy)
        return
    yield Verdict("models", State.OK, f"{folder}: {len(files)} files, all whole")
    yield from _backbones(described, State.FAILED if folder == shipped("checkpoints") else State.NOTE)
    compared = {file for file in files if _hashes_of(file, described)}
    yield from _unchecked(folder, files, "python -m iaca train, or train-backbone", compared)


def _hashes_of(file: Path, described: Mapping[Path, Mapping[str, Any]]) -> dict[str, str]:
    """Model -> SHA-256 that it was trained with, of every model that names the file as its backbone."""
    return {
        model["name"]: backbone["sha256"]
        for model in described.values()
        for backbone in (model.get("backbones") or {}).values()
        if backbone["name"] == file.stem
    }


def _backbones(described: Mapping[Path, Mapping[str, Any]], state: State) -> Iterator[Verdict]:
    """Backbones that are not, byte for byte, those whose features the models beside them were trained on."""
    found = []
    for file in described:
        trained = _hashes_of(file, described)
        if trained and file_sha256(file) not in trained.values():
            found.append(f"{file} is not the backbone behind {', '.join(trained)}: it has other bytes")
    if found:
        remedy = "Copy the file again, install iaca again where it ships, or train the models again."
        yield Verdict("backbones", state, "; ".join(found), remedy)


def _written() -> Iterator[Verdict]:
    for name, folder, variable in (
        ("cache", cache_folder(), "IACA_CACHE"),
        ("temporary files", Path(tempfile.gettempdir()), "TMPDIR"),
    ):
        remedy = f"Let {variable} name a folder that can be written, on a disk with space."
        try:
            check_writable(folder, name)
            free = shutil.disk_usage(folder).free
        except (OutputError, OSError) as error:
            yield Verdict(name, State.FAILED, str(error), remedy)
            continue
        found = f"{folder} can be written; {free / GIB:,.1f} GiB are free"
        if free < LEAST_FREE:
            yield Verdict(name, State.FAILED, found, remedy)
        elif free < USUAL_FREE and variable == "IACA_CACHE":
            yield Verdict(
                name, State.NOTE, found, "Lower --upload-quota, which is 20 GB by default, or free some disk."
            )
        else:
            yield Verdict(name, State.OK, found)


def _port(given: int | None) -> Verdict:
    port = USUAL_PORT if given is None else given
    try:
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind((HERE, port))
    except (OSError, OverflowError) as error:
        if _is_page(port):
            return Verdict("port", State.OK, f"the page is running at http://{HERE}:{port}")
        if getattr(error, "errno", None) == errno.EADDRINUSE:
            reason = f"{port} is taken by another program"
        else:
            reason = f"{port} cannot be listened on ({error})"
        if given is None:
            return Verdict("port", State.NOTE, reason, "The page takes the next free one, or the one of --port.")
        return Verdict("port", State.FAILED, reason, "Name another --port, or end that program.")
    return Verdict("port", State.OK, f"{port} is free; the page: {PAGE}")


def _is_page(port: int) -> bool:
    try:
        with urllib.request.urlopen(f"http://{HERE}:{port}/iaca/health", timeout=2) as answer:
            return b"alive" in answer.read(100)
    except (OSError, ValueError):
        return False
