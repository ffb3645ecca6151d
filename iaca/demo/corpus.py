"""Builds a synthetic corpus on disk, in the layout of Aff-Wild2."""

from __future__ import annotations

import csv
import io
import json
import os
import shutil
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from functools import partial
from multiprocessing import get_context
from pathlib import Path
from typing import NamedTuple

import cv2
import numpy as np
from tqdm import tqdm

from iaca.data.annotations import write_labels
from iaca.data.faces.places import crop_face
from iaca.data.media.video import iterate_frames
from iaca.demo.corpus_plan import ROLES, CorpusError, Role, plan_corpus
from iaca.demo.episode_plan import Condition
from iaca.demo.face import Placement, draw_pictures, place_face, place_head
from iaca.demo.performance import FPS, Performance, Plan, perform
from iaca.demo.picture_corruption import PictureCorruption
from iaca.demo.video_writing import write_video
from iaca.demo.voice import SAMPLE_RATE_HZ, corrupt_voice, speak
from iaca.files import write_whole

VIDEO_FOLDER = Path("batch1")
CROP_FOLDER = Path("cropped_aligned")
LABEL_FOLDER = Path("annotations") / "VA_Estimation_Challenge"
SPLIT_FOLDERS = {"train": "Train_Set", "validation": "Validation_Set"}
EPISODE_COLUMNS = ("subject", "start_s", "end_s", "modality", "kind", "truth_modality")
FACE_COLUMNS = ("subject", "frame", "x", "y", "size", "roll")
CROP_QUALITY = 92
VOICE_STREAM = 100
"""Last word of the seed of a voice; those of a performance count from 0."""


def build_corpus(
    out: str | os.PathLike[str],
    *,
    role: Role | str = Role.VALIDATION,
    identities: int = 12,
    first_identity: int = 0,
    seconds: float = 50.0,
    seed: int = 0,
    conditions: Sequence[Sequence[Condition | str]] | None = None,
    crops: bool = True,
    video_size: int = 320,
    crf: int = 30,
    preset: str = "medium",
    processes: int | None = None,
    progress: bool = True,
) -> tuple[str, ...]:
    """Build a corpus, or what is still missing of it.

    Files appear whole or not at all, so a build that was interrupted resumes where it stopped.
    The same arguments give the same labels, byte for byte, and the same pictures.

    Args:
        out: Folder of the corpus; created where it is missing.
        role: As `plan_corpus`.
        identities: As `plan_corpus`.
        first_identity: As `plan_corpus`.
        seconds: As `plan_corpus`.
        seed: As `plan_corpus`.
        conditions: As `plan_corpus`.
        crops: Whether to write the faces, cut from the video, as pictures too.
        video_size: Width and height of the videos, an even number of at least 64 pixels. Faces are cut at 3/4 of it, so
            192 is enough for training.
        crf: Of x264: higher numbers make smaller and coarser pictures. Choice: 30 at 320 pixels, 23 at 192, which is
            about the same for a face.
        preset: Of x264: slower ones make smaller files.
        processes: Recordings made side by side; None takes one for each processor.
        progress: Whether to show a bar with rate and time left.

    Returns:
        Names of the subjects.

    Raises:
        CorpusError: A value is out of range, or the folder holds a corpus built with other values.
    """
    plans = plan_corpus(
        role=role,
        identities=identities,
        first_identity=first_identity,
        seconds=seconds,
        seed=seed,
        conditions=conditions,
    )
    if video_size < 64 or video_size % 2:
        raise CorpusError(f"video_size is {video_size!r}; expected an even number of at least 64 pixels")
    out = Path(out)
    split = ROLES[Role(role)].split
    description = {
        "name": f"Synthetic corpus ({Role(role).value})",
        "synthetic": True,
        "seed": seed,
        "role": Role(role).value,
        "identities": identities,
        "seconds": seconds,
        "video_size": video_size,
        "crf": crf,
        "subjects": {p.subject: {"identity": p.identity, "condition": p.condition.value} for p in plans},
    }
    _claim(out, description)
    _write_tables(out, plans, video_size)

    build = partial(_build_recording, out, split, crops, _Picture(video_size, crf, preset))
    waiting = [plan for plan in plans if not _is_complete(out, plan, crops)]
    processes = min(processes or os.cpu_count() or 1, max(1, len(waiting)))
    total = sum(plan.frames for plan in plans)
    done = total - sum(plan.frames for plan in waiting)
    with tqdm(total=total, initial=done, unit="frame", desc=out.name, disable=not progress, smoothing=0.1) as bar:
        if processes == 1:
            for plan in waiting:
                build(plan)
                bar.update(plan.frames)
        else:
            # Fresh processes: a fork of one that runs threads may hang.
            with ProcessPoolExecutor(processes, mp_context=get_context("spawn")) as pool:
                running = {pool.submit(build, plan): plan for plan in waiting}
                for finished in as_completed(running):
                    finished.result()
                    bar.update(running[finished].frames)
    return tuple(plan.subject for plan in plans)


def _claim(out: Path, description: dict[str, object]) -> None:
    """Write corpus.json, or make sure that it is there and describes the same corpus."""
    path = out / "corpus.json"
    content = json.dumps(description, indent=1) + "\n"
    if path.exists():
        if path.read_text(encoding="utf-8") != content:
            raise CorpusError(
                f"{path} describes a corpus built with other values; expected a new folder, or the same values to "
                "resume it"
            )
        return
    write_whole(path, content.encode())


def _write_tables(out: Path, plans: Sequence[Plan], video_size: int) -> None:
    """Write faces.csv and episodes.csv."""
    faces, episodes = (io.StringIO() for _ in range(2))
    face_rows, episode_rows = (csv.writer(table, lineterminator="\n") for table in (faces, episodes))
    face_rows.writerow(FACE_COLUMNS)
    episode_rows.writerow(EPISODE_COLUMNS)
    for plan in plans:
        performance = perform(plan)
        placement = place_face(performance, video_size)
        for frame, place in enumerate(zip(*(values.tolist() for values in placement), strict=True)):
            face_rows.writerow((plan.subject, frame, *(f"{value:g}" for value in place)))
        for episode in performance.episodes:
            start_s, end_s = episode.start / FPS, episode.stop / FPS
            row = (f"{start_s:.2f}", f"{end_s:.2f}", episode.modality, episode.kind, episode.truth_modality)
            episode_rows.writerow((plan.subject, *row))
    write_whole(out / "faces.csv", faces.getvalue().encode())
    write_whole(out / "episodes.csv", episodes.getvalue().encode())


def _video_path(out: Path, plan: Plan) -> Path:
    return out / VIDEO_FOLDER / f"{plan.subject}.mp4"


def _is_complete(out: Path, plan: Plan, crops: bool) -> bool:
    # The video is written after the labels, and the folder of crops is renamed when it is full.
    return _video_path(out, plan).exists() and (not crops or (out / CROP_FOLDER / plan.subject).exists())


class _Picture(NamedTuple):
    """Size in pixels and x264 settings of a corpus's videos."""

    size: int
    crf: int
    preset: str


def _build_recording(out: Path, split: str, crops: bool, picture: _Picture, plan: Plan) -> None:
    """Write labels, video and crops of one recording."""
    cv2.setNumThreads(1)
    performance = perform(plan)
    labels = out / LABEL_FOLDER / SPLIT_FOLDERS[split] / f"{plan.subject}.txt"
    write_labels(labels, performance.label_valence, performance.label_arousal)
    video = _video_path(out, plan)
    if not video.exists():
        video.parent.mkdir(parents=True, exist_ok=True)
        _write_recording(video, plan, performance, picture)
    if crops:
        _write_crops(out / CROP_FOLDER / plan.subject, video, place_face(performance, picture.size))


def _write_recording(path: Path, plan: Plan, performance: Performance, picture: _Picture) -> None:
    voice, opening = speak(performance, np.random.default_rng([*plan.seed, VOICE_STREAM]))
    corruption = PictureCorruption(performance, place_head(performance, picture.size))
    pictures = draw_pictures(performance, opening, picture.size)
    write_video(
        path,
        (corruption.apply(drawn, frame) for frame, drawn in enumerate(pictures)),
        corrupt_voice(voice, performance),
        video_size=picture.size,
        fps=FPS,
        sample_rate_hz=SAMPLE_RATE_HZ,
        audio_lead_s=performance.audio_lead_s,
        crf=picture.crf,
        preset=picture.preset,
    )


def _write_crops(folder: Path, video: Path, placement: Placement) -> None:
    """Cut the faces from the finished video, as extraction does with a video that has no crops."""
    beside = folder.with_name(f".{folder.name}.part")
    shutil.rmtree(beside, ignore_errors=True)
    beside.mkdir(parents=True)
    for frame, picture in iterate_frames(video):
        crop = crop_face(picture, *(float(values[frame]) for values in placement))
        jpeg = cv2.imencode(".jpg", crop[:, :, ::-1], [cv2.IMWRITE_JPEG_QUALITY, CROP_QUALITY])[1]
        (beside / f"{frame + 1:05d}.jpg").write_bytes(jpeg.tobytes())
    shutil.rmtree(folder, ignore_errors=True)
    os.replace(beside, folder)
