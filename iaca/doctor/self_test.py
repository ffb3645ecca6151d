"""The whole chain on a video of two seconds that is drawn here: video, face, features, fusion, trace, page."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np

from iaca.doctor.verdicts import State, Verdict
from iaca.errors import BAD_INPUT, InputError
from iaca.resources import PAGE

FRAMES, RATE_HZ, SIZE_PX = 50, 25, 300
SAMPLE_RATE_HZ = 44_100
MODEL = "ca_iaca"
PAGE_PATIENCE_S = 120
PAGE_PARTS = """
import importlib, pkgutil, sys
sys.argv = ["app.py", "--locked"]
import dashboard.app, dashboard.components, dashboard.sections, dashboard.services
for package in (dashboard.components, dashboard.services, dashboard.sections):
    for module in pkgutil.iter_modules(package.__path__, package.__name__ + "."):
        importlib.import_module(module.name)
"""
"""Imports what a server imports, and everything that its pages are made of."""


def run_chain(device: str | None) -> Iterator[Verdict]:
    """Run each step on the result of the one before; the first that fails is the last.

    Args:
        device: Where networks run; None: the usual one.
    """
    with tempfile.TemporaryDirectory(prefix="iaca-doctor-") as folder:
        made: dict[str, Any] = {"folder": Path(folder), "device": device}
        for name, step, remedy in STEPS:
            began_s = time.perf_counter()
            try:
                found, state = step(made), State.OK
            except BAD_INPUT as error:
                found, state = str(error), State.FAILED
            except Exception as error:  # whatever is wrong with a machine is a verdict
                found, state = f"{type(error).__name__}: {error}", State.FAILED
            is_ok = state is State.OK
            yield Verdict(f"self-test, {name}", state, found, "" if is_ok else remedy, time.perf_counter() - began_s)
            if not is_ok:
                return


def _video(made: dict[str, Any]) -> str:
    from iaca.data.media.video import probe
    from iaca.data.media.writing import Sound, open_mp4

    made["video"] = made["folder"] / "someone.mp4"
    time_s = np.arange(FRAMES * SAMPLE_RATE_HZ // RATE_HZ) / SAMPLE_RATE_HZ
    voice = 0.3 * np.sin(2 * np.pi * 140 * time_s) * (0.6 + 0.4 * np.sin(2 * np.pi * 4 * time_s))
    sound = Sound(voice.astype(np.float32), SAMPLE_RATE_HZ)
    options = {"preset": "ultrafast"}
    size = {"width": SIZE_PX, "height": SIZE_PX}
    with open_mp4(made["video"], **size, rate=Fraction(RATE_HZ), options=options, sound=sound) as writer:
        for frame in range(FRAMES):
            writer.add(_head(frame), frame / RATE_HZ)
    info = probe(made["video"])
    return f"{len(info.pts_s)} frames, {info.video_codec} and {info.audio_codec}, written and read again"


def _head(frame: int) -> np.ndarray:
    """(SIZE_PX, SIZE_PX, 3) uint8: a crude face, seen from the front, that nods a little."""
    import cv2

    picture = np.full((SIZE_PX, SIZE_PX, 3), 120, np.uint8)
    radius, x = SIZE_PX // 4, SIZE_PX // 2
    y = x + round(4 * np.sin(frame / 8))

    def ellipse(dx: float, dy: float, width: float, height: float, colour: tuple[int, int, int]) -> None:
        place = (x + round(dx * radius), y + round(dy * radius))
        cv2.ellipse(picture, place, (round(width * radius), round(height * radius)), 0, 0, 360, colour, -1)

    ellipse(0, 0, 0.8, 1, (224, 184, 160))
    for side in (-1, 1):
        ellipse(side * 0.32, -0.2, 0.17, 0.08, (50, 35, 30))
        ellipse(side * 0.35, -0.4, 0.2, 0.03, (70, 45, 30))
    ellipse(0, 0.2, 0.12, 0.07, (190, 140, 120))
    ellipse(0, 0.5, 0.3, 0.08, (150, 60, 60))
    return cv2.GaussianBlur(picture, (0, 0), 2)


def _faces(made: dict[str, Any]) -> str:
    from iaca.data.faces.crops import CropError
    from iaca.data.faces.detection import find_faces
    from iaca.data.faces.detectors import choose_detector
    from iaca.data.faces.places import write_faces_csv
    from iaca.types import Recording

    detector = choose_detector()
    faces = find_faces(made["video"], ["someone"], detector)
    number = len(faces["someone"].frame)
    if number < FRAMES:
        raise CropError(f"{detector.name} found the drawn face in {number} of {FRAMES} frames; expected all")
    places = made["folder"] / "faces.csv"
    write_faces_csv(places, faces)
    made["recording"] = Recording("someone", "someone", None, made["video"], None, faces_file=places)
    return f"{detector.name} follows the face through {number} frames"


def _features(made: dict[str, Any]) -> str:
    from iaca.checkpoints.pretrained import find_backbone
    from iaca.compute.devices import choose_device
    from iaca.features.extraction import extract
    from iaca.features.feature_files import read_features, write_features

    device = choose_device(made["device"])
    backbones = [find_backbone("slim", modality, device) for modality in ("visual", "audio")]
    file = made["folder"] / "someone.safetensors"
    write_features(file, extract(made["recording"], *backbones, clip_stride=4))
    made["features"] = read_features(file)
    clips, dim = made["features"].audio.shape
    return f"{clips} clips of {dim} values from sound and picture, on {device}; written and read again"


def _fusion(made: dict[str, Any]) -> str:
    from iaca.checkpoints import load_checkpoint
    from iaca.compute.devices import choose_device

    made["model"] = load_checkpoint(MODEL, choose_device(made["device"]))
    return f"{made['model'].title} is loaded"


def _trace(made: dict[str, Any]) -> str:
    from iaca.inference import infer

    frames = infer(made["features"], made["model"]).frames
    gates = frames.filter(like="stage2")
    if len(frames) != FRAMES or not np.isfinite(frames[["valence", "arousal"]].to_numpy()).all() or gates.empty:
        raise InputError(f"the trace has {len(frames)} frames; expected {FRAMES}, all predicted and with gates")
    return f"valence, arousal and {gates.shape[1]} gate weights for each of {len(frames)} frames"


def _page(made: dict[str, Any]) -> str:
    path = os.pathsep.join([str(PAGE.parent.parent), os.environ.get("PYTHONPATH", "")])
    environment = os.environ | {"PYTHONPATH": path, "IACA_CACHE": str(made["folder"])}
    done = subprocess.run(
        [sys.executable, "-c", PAGE_PARTS], env=environment, cwd=made["folder"], stdin=subprocess.DEVNULL,
        capture_output=True, text=True, errors="replace", timeout=PAGE_PATIENCE_S, check=False,
    )  # fmt: skip
    if done.returncode:
        raise OSError(f"the page cannot be imported: {(done.stderr.strip() or 'no reason given').splitlines()[-1]}")
    return "everything that a server imports can be imported"


STEPS: tuple[tuple[str, Callable[[dict[str, Any]], str], str], ...] = (
    ("video", _video, "See the lines on ffmpeg and codecs above, and free disk."),
    ("face", _faces, "pip install --force-reinstall opencv-python-headless; check IACA_DETECTOR and IACA_YUNET."),
    ("features", _features, "See the lines on device and models above; try --device cpu."),
    ("fusion", _fusion, "Install iaca again: the shipped model is missing or damaged."),
    ("trace", _trace, "Try --device cpu; if that works, the GPU or its driver computes wrongly."),
    ("page", _page, "pip install -r requirements.txt; if it goes on, report the line above."),
)
"""Name, what is done, and what to do where it fails."""
