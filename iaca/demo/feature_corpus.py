"""Builds the features of a synthetic corpus that is studied and never shown: nothing is drawn that no clip reads."""

from __future__ import annotations

import os
from functools import lru_cache
from pathlib import Path
from typing import Any, NamedTuple

import cv2
import torch
from tqdm import tqdm

from iaca.checkpoints import BackboneFile, load_backbone
from iaca.compute.processes import all_done, run_all
from iaca.demo.corpus_plan import ROLES, Role, plan_corpus
from iaca.demo.corpus_tables import claim, write_episodes
from iaca.demo.direct_features import direct_features
from iaca.demo.performance import Plan
from iaca.features.feature_files import write_features
from iaca.resources import weights_file
from iaca.types import Progress

CLIP_STRIDE = 16
"""Frames between the ends of neighbouring clips, as in the study."""

PICTURE_SIZE = 192
"""Pixels: width and height at which pictures are drawn; a face is cut at three quarters of it, or less."""


def build_features(
    out: str | os.PathLike[str],
    *,
    role: Role | str,
    backbones: tuple[Path, Path] | None = None,
    clip_stride: int = CLIP_STRIDE,
    processes: int | None = None,
    progress: bool = True,
    **planned: Any,
) -> tuple[str, ...]:
    """Build the features of a corpus, or what is still missing of them, with episodes.csv and corpus.json.

    Args:
        out: Folder of the features; created where it is missing.
        role: As `plan_corpus`.
        backbones: Files of the backbones for pictures and for sound; None: those that ship.
        clip_stride: Frames between the ends of neighbouring clips.
        processes: Recordings made side by side; None takes one for each processor.
        progress: Whether to show a bar with rate and time left.
        planned: The other arguments of `plan_corpus`.

    Returns:
        Names of the subjects.

    Raises:
        CorpusError: A value is out of range, or the folder holds a corpus built with other values.
        CheckpointError: A backbone cannot be read.
        JobsError: Subjects that could not be made; all others are.
    """
    plans = plan_corpus(role=role, **planned)
    facts = {name: value for name, value in planned.items() if name != "conditions"}
    facts["emotion_memory_s"] = plans[0].emotion_memory_s
    out = Path(out)
    visual, audio = backbones or (weights_file("visual_slim"), weights_file("audio_slim"))
    fingerprints = {path.name: load_backbone(path).sha256 for path in (visual, audio)}
    claim(out, role, plans, **facts, clip_stride=clip_stride, video_size=PICTURE_SIZE, backbones=fingerprints)
    write_episodes(out, plans)
    common = _Corpus(out, visual, audio, ROLES[Role(role)].split, clip_stride)
    waiting = [plan for plan in plans if not _file(out, plan).exists()]
    processes = min(processes or os.cpu_count() or 1, len(waiting))
    with tqdm(
        total=len(plans), initial=len(plans) - len(waiting), unit="subject", desc=out.name, disable=not progress
    ) as bar:
        for _ in all_done(
            run_all(_build, common, waiting, processes=processes, bar=bar), _subject, f"{len(waiting)} subjects"
        ):
            pass
    return tuple(plan.subject for plan in plans)


def _file(out: Path, plan: Plan) -> Path:
    return out / f"{plan.subject}.safetensors"


class _Corpus(NamedTuple):
    """What all subjects of a corpus share."""

    out: Path
    visual: Path
    audio: Path
    split: str
    clip_stride: int


def _subject(plan: Plan) -> str:
    return plan.subject


def _build(corpus: _Corpus, plan: Plan, progress: Progress) -> None:
    out, visual, audio, split, clip_stride = corpus
    cv2.setNumThreads(1)
    torch.set_num_threads(1)
    backbones = _backbone(visual), _backbone(audio)
    features = direct_features(plan, split, *backbones, clip_stride=clip_stride, video_size=PICTURE_SIZE)
    write_features(_file(out, plan), features)


@lru_cache(maxsize=2)
def _backbone(path: Path) -> BackboneFile:
    return load_backbone(path)
