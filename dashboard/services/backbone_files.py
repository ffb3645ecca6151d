"""Backbones for the pages: found by what is in their files, read once, and what they were trained on."""

from __future__ import annotations

import os
from functools import lru_cache
from pathlib import Path

from dashboard.services.memory import keep
from dashboard.state.folders import Folders
from iaca.checkpoints import BackboneFile
from iaca.files import FileState, file_sha256, file_state
from iaca.resources import shipped

ENDINGS = (".safetensors", ".pt", ".pth")


def find_file(sha256: str, folders: Folders) -> Path | None:
    """The backbone with these bytes, among the checkpoints or those of the project; None where there is none."""
    places = [folder for folder in (folders.checkpoints, shipped("checkpoints")) if os.path.isdir(folder)]
    files = [file for folder in places for file in sorted(folder.iterdir())]
    candidates = [file for file in files if file.suffix in ENDINGS and not file.name.startswith(".")]
    return next((file for file in candidates if _digest(file) == sha256), None)


def read_backbone(path: Path, modality: str, device: str) -> BackboneFile:
    """A backbone on a device.

    Raises:
        InputError: The file is damaged or no backbone of this modality.
    """
    return _read(file_state(path), modality, device)


def is_shipped(sha256: str) -> bool:
    """Whether these are the bytes of a backbone that ships with the project and was trained on its synthetic corpus."""
    return sha256 in _shipped()


@lru_cache
def _shipped() -> set[str | None]:
    return {_digest(file) for file in shipped("checkpoints").glob("*_slim.safetensors")}


def training_data(backbone: BackboneFile) -> str:
    """What a backbone was trained on, in a few words, as far as its file says."""
    if is_shipped(backbone.sha256):
        return "synthetic faces" if backbone.config.modality == "visual" else "synthetic voices"
    last = backbone.training.get("stages", [backbone.training])[-1]
    if "recordings" in last:
        return f"{last['recordings']:,} recordings, {last.get('clips', 0):,} clips"
    return "data that its file does not name"


def _digest(file: Path) -> str | None:
    """None for a file that cannot be read now: it is not the one that is looked for, and is looked at again."""
    try:
        return _sha256(file_state(file))
    except OSError:
        return None


@lru_cache(maxsize=1000)
def _sha256(file: FileState) -> str:
    return file_sha256(Path(file.path))


@keep
def _read(file: FileState, modality: str, device: str) -> BackboneFile:
    from iaca.checkpoints.pretrained import find_backbone

    return find_backbone(file.path, modality, device)
