"""The whole chain behind what ships: corpora, backbones, features, models and their scores."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import torch

from iaca.checkpoints import BackboneFile, load_backbone, save_backbone
from iaca.config import BackboneConfig
from iaca.config.training import BackboneTraining
from iaca.data.recordings import find_recordings
from iaca.demo.corpus import build_corpus
from iaca.demo.corpus_plan import Role
from iaca.demo.model_card import model_card
from iaca.errors import InputError
from iaca.features.corpus_extraction import extract_all
from iaca.features.feature_files import read_features
from iaca.features.folder import read_folder
from iaca.files import write_whole
from iaca.models.backbones import inflate
from iaca.study.findings import FILE
from iaca.training.backbone_training import train_backbone

DEMO_CLIP_STRIDE = 4
STUDY_CLIP_STRIDE = 16
TRAINING_VIDEO_SIZE = 192
"""Pixels: videos that are only trained on are smaller than those that are shown; a face is cut at 112 pixels."""


SHIPPED_MODELS = ("concat", *(f"{base}{gates}" for base in ("ca", "tca", "jca", "rjca") for gates in ("", "_iaca")))
"""Of seed 0 of the study."""


SHIPPED_TABLES = ("scores", "subjects", "differences", "missing", "gates")
"""Tables of the page "Results"; the sums behind them, one row a run and subject, stay where the study ran."""


class ChainError(InputError):
    """A step of the chain that failed: the message names the subject and the reason."""


@dataclass(frozen=True, kw_only=True)
class ChainSize:
    """How large the chain is; the defaults are what ships.

    Attributes:
        shown: People of the corpus that the dashboard shows.
        validation: Further people, whose scores are reported.
        test: People of the study's confirmation, scored once.
        backbone: People the backbones are trained on.
        training: People the fusion models are trained on.
        shown_s: Seconds of each shown video.
        seconds: Seconds of each other video.
        backbone_s: Seconds of each video that the backbones are trained on: many people in short videos, because a
            network that sees few people for long memorises them.
        picture_epochs: Passes of the visual backbone over single pictures.
        visual_epochs: Passes of the visual backbone over clips, after that.
        audio_epochs: Passes of the audio backbone.
    """

    shown: int = 12
    validation: int = 24
    test: int = 24
    backbone: int = 192
    training: int = 40
    shown_s: float = 50.0
    seconds: float = 40.0
    backbone_s: float = 10.0
    picture_epochs: int = 60
    visual_epochs: int = 8
    audio_epochs: int = 30

    @property
    def people(self) -> str:
        """How many people each part has, in words."""
        return (
            f"{self.backbone} people for the backbones, {self.training} for fusion, {self.shown} shown, "
            f"{self.validation} for validation, {self.test} for the test draw"
        )


def build_corpora(work: Path, demo: Path, size: ChainSize, seed: int) -> None:
    """Build the shown corpus in `demo`, and those for training and scoring in `work`; what exists is kept."""
    build_corpus(demo, identities=size.shown, seconds=size.shown_s, seed=seed, crops=False)
    build = partial(build_corpus, seed=seed, crops=False, video_size=TRAINING_VIDEO_SIZE, crf=23, preset="veryfast")
    build(work / "backbone", role=Role.BACKBONE, identities=size.backbone, seconds=size.backbone_s)
    build(work / "training", role=Role.TRAINING, identities=size.training, seconds=size.seconds)
    build(work / "test", role=Role.TEST, identities=size.test, seconds=size.seconds)
    build(
        work / "validation",
        role=Role.VALIDATION,
        identities=size.validation,
        first_identity=size.shown,  # nobody who is shown is scored
        seconds=size.seconds,
    )


def train_backbones(
    work: Path, checkpoints: Path, size: ChainSize, seed: int, device: torch.device | str
) -> dict[str, BackboneFile]:
    """Train both slim backbones and write them to `checkpoints`; a finished one is kept in `work`.

    Returns:
        Modality -> backbone, as stored.
    """
    training_set = find_recordings([work / "backbone"]).recordings
    validation = find_recordings([work / "validation"]).recordings
    recipes = {
        "visual": (
            BackboneTraining(epochs=size.picture_epochs, batch=48, pictures=1, seed=seed),
            BackboneTraining(epochs=size.visual_epochs, batch=24, learning_rate=8e-4, mse_weight=0.5, seed=seed),
        ),
        "audio": (BackboneTraining(epochs=size.audio_epochs, batch=32, within_weight=0.5, seed=seed),),
    }
    backbones = {}
    for modality, stages in recipes.items():
        finished = work / f"{modality}_slim.safetensors"
        if not finished.is_file():
            config = BackboneConfig(modality=modality)
            start, reports, states = None, [], []
            for number, training in enumerate(stages, 1):
                states.append(work / f"{modality}_slim-{number}.state")
                network, report = train_backbone(
                    training_set,
                    config,
                    training,
                    cache_dir=work / "clips",
                    validation=validation,
                    device=device,
                    start=start,
                    state_file=states[-1],
                )
                start = inflate(network) if number < len(stages) else None
                reports.append(report)
            save_backbone(finished, network, config, {"stages": reports})
            for state in states:
                state.unlink()
        checkpoints.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(finished, checkpoints / finished.name)
        backbones[modality] = load_backbone(checkpoints / finished.name, device)
    return backbones


def extract_features(work: Path, demo: Path, backbones: dict[str, BackboneFile]) -> None:
    """Write features of shown subjects to `demo`/features and of the study's to `demo`/study.

    Raises:
        ChainError: A subject cannot be extracted.
    """
    jobs = (
        (demo, demo / "features", DEMO_CLIP_STRIDE),
        (work / "training", demo / "study", STUDY_CLIP_STRIDE),
        (work / "validation", demo / "study", STUDY_CLIP_STRIDE),
        (work / "test", demo / "study" / "test", STUDY_CLIP_STRIDE),
    )
    for corpus, out, clip_stride in jobs:
        recordings = find_recordings([corpus]).recordings
        summary = extract_all(recordings, out, backbones["visual"], backbones["audio"], clip_stride=clip_stride)
        if summary.problems:
            problem = summary.problems[0]
            raise ChainError(f"features of {problem.file} cannot be extracted: {problem.reason}")
    for role, out in (("validation", demo / "study"), ("test", demo / "study" / "test")):
        for file in ("episodes.csv", "corpus.json"):
            write_whole(out / file, (work / role / file).read_bytes())


def train_demo(
    work: Path,
    demo: Path,
    checkpoints: Path,
    *,
    size: ChainSize | None = None,
    seed: int = 0,
    device: torch.device | str = "cpu",
    study: Callable[[Path, Path], Any],
) -> None:
    """Run the chain. What is finished in `work` is not repeated, so it can be stopped at any moment.

    Args:
        work: Folder for corpora, clips and runs, several GiB.
        demo: The shown corpus and its features.
        checkpoints: Where backbones and models go.
        size: How large; None: what ships.
        seed: Seed of everything.
        device: Where networks run.
        study: Trains and scores the models: called with the folder of features and one for its results, which then
            holds runs/<variant>-<seed>.safetensors and report.md.

    Raises:
        ChainError: A step failed.
    """
    size = size or ChainSize()
    steps: tuple[tuple[str, Callable[[], Any]], ...] = (
        ("building corpora", lambda: build_corpora(work, demo, size, seed)),
        ("training backbones", lambda: train_backbones(work, checkpoints, size, seed, device)),
        ("extracting features", lambda: extract_features(work, demo, _stored(checkpoints, device))),
        ("training and scoring models", lambda: study(demo / "study", work / "study")),
        ("storing models", lambda: _store(work / "study", demo, checkpoints, size)),
    )
    for number, (name, step) in enumerate(steps, 1):
        print(f"{number}/{len(steps)} {name}", flush=True)
        step()


def _stored(checkpoints: Path, device: torch.device | str) -> dict[str, BackboneFile]:
    return {m: load_backbone(checkpoints / f"{m}_slim.safetensors", device) for m in ("visual", "audio")}


def _store(results: Path, demo: Path, checkpoints: Path, size: ChainSize) -> None:
    """Copy the models that ship, and the report with its figures, from the study to their places."""
    for name in SHIPPED_MODELS:
        file = results / "runs" / f"{name}-0.safetensors"
        if file.is_file():
            shutil.copyfile(file, checkpoints / f"{name}.safetensors")
    tables = [results / f"{name}.parquet" for name in SHIPPED_TABLES]
    for file in (results / "report.md", results / FILE, *tables, *sorted((results / "figures").glob("*.svg"))):
        write_whole(demo / "results" / file.relative_to(results), file.read_bytes())
    card = model_card(checkpoints, demo / "results", size.people, read_folder(demo / "study", "validation"))
    write_whole(checkpoints / "README.md", card.encode())
    fingerprints = {read_features(f).backbones["audio"]["sha256"] for f in (demo / "features").glob("*.safetensors")}
    if len(fingerprints) != 1:
        raise ChainError(f"{demo / 'features'} holds features of {len(fingerprints)} audio backbones; expected one")
