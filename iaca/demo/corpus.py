"""Builds a synthetic corpus on disk, in the layout of Aff-Wild2."""

from __future__ import annotations

import os
import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import cv2
from tqdm import tqdm

from iaca.compute.processes import all_done, run_all
from iaca.data.annotations import write_labels
from iaca.data.faces.places import crop_face
from iaca.data.media.video import iterate_frames
from iaca.demo.corpus_plan import ROLES, CorpusError, Role, plan_corpus
from iaca.demo.corpus_tables import claim, write_episodes, write_faces
from iaca.demo.episode_plan import Condition
from iaca.demo.face import Placement
from iaca.demo.performance import FPS, Plan
from iaca.demo.scene import Scene
from iaca.demo.video_writing import write_video
from iaca.demo.voice import SAMPLE_RATE_HZ
from iaca.types import Progress

VIDEO_FOLDER = Path("batch1")
CROP_FOLDER = Path("cropped_aligned")
LABEL_FOLDER = Path("annotations") / "VA_Estimation_Challenge"
SPLIT_FOLDERS = {"train": "Train_Set", "validation": "Validation_Set"}
CROP_QUALITY = 92


def build_corpus(
    out: str | os.PathLike[str],
    *,
    role: Role | str = Role.VALIDATION,
    identities: int = 12,
    first_identity: int = 0,
    seconds: float = 50.0,
    seed: int = 0,
    conditions: Sequence[Sequence[Condition | str]] | None = None,
    emotion_memory_s: float | None = None,
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
        emotion_memory_s: As `plan_corpus`.
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
        JobsError: Recordings that could not be made; all others are.
    """
    plans = plan_corpus(
        role=role,
        identities=identities,
        first_identity=first_identity,
        seconds=seconds,
        seed=seed,
        conditions=conditions,
        emotion_memory_s=emotion_memory_s,
    )
    if video_size < 64 or video_size % 2:
        raise CorpusError(f"video_size is {video_size!r}; expected an even number of at least 64 pixels")
    out = Path(out)
    split = ROLES[Role(role)].split
    claim(
        out, role, plans,
        seed=seed, identities=identities, seconds=seconds, emotion_memory_s=plans[0].emotion_memory_s,
        video_size=video_size,
        crf=crf,
    )  # fmt: skip
    write_faces(out, plans, video_size)
    write_episodes(out, plans)

    waiting = [plan for plan in plans if not _is_complete(out, plan, crops)]
    processes = min(processes or os.cpu_count() or 1, len(waiting))
    processes = 0 if processes <= 1 else processes
    corpus = _Corpus(out, split, crops, _Picture(video_size, crf, preset))
    total = sum(plan.frames for plan in plans)
    done = total - sum(plan.frames for plan in waiting)
    with tqdm(total=total, initial=done, unit="frame", desc=out.name, disable=not progress, smoothing=0.1) as bar:
        ended = run_all(_build_recording, corpus, waiting, processes=processes, length=_frames, bar=bar)
        for _ in all_done(ended, _subject, f"{len(waiting)} recordings"):
            pass
    return tuple(plan.subject for plan in plans)


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


class _Corpus(NamedTuple):
    """What all recordings of a corpus share."""

    out: Path
    split: str
    crops: bool
    picture: _Picture


def _frames(plan: Plan) -> int:
    return plan.frames


def _subject(plan: Plan) -> str:
    return plan.subject


def _build_recording(corpus: _Corpus, plan: Plan, progress: Progress) -> None:
    """Write labels, video and crops of one recording."""
    out, split, crops, picture = corpus
    cv2.setNumThreads(1)
    scene = Scene(plan, picture.size)
    performance = scene.performance
    labels = out / LABEL_FOLDER / SPLIT_FOLDERS[split] / f"{plan.subject}.txt"
    write_labels(labels, performance.label_valence, performance.label_arousal)
    video = _video_path(out, plan)
    if not video.exists():
        video.parent.mkdir(parents=True, exist_ok=True)
        _write_recording(video, scene, picture)
    if crops:
        _write_crops(out / CROP_FOLDER / plan.subject, video, scene.face)


def _write_recording(path: Path, scene: Scene, picture: _Picture) -> None:
    write_video(
        path,
        (drawn for _, drawn in scene.pictures()),
        scene.sound,
        video_size=picture.size,
        fps=FPS,
        sample_rate_hz=SAMPLE_RATE_HZ,
        audio_lead_s=scene.performance.audio_lead_s,
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
