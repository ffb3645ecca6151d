"""The whole chain behind what ships: corpora, backbones, features, models and their scores."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

import torch

from iaca.checkpoints import BackboneFile, load_backbone, load_checkpoint, save_backbone
from iaca.config import AUDIO, MODALITIES, BackboneConfig
from iaca.config.training import BackboneTraining
from iaca.data.corpus_description import FILE as DESCRIPTION
from iaca.data.episodes import read_episodes
from iaca.data.recordings import find_recordings
from iaca.demo.corpus import build_corpus
from iaca.demo.corpus_plan import LONG_MEMORY_S, MIXED, Role
from iaca.demo.feature_corpus import build_features
from iaca.demo.model_card import model_card
from iaca.errors import InputError
from iaca.features.corpus_extraction import extract_all
from iaca.features.folder import EPISODES, read_folder
from iaca.files import write_whole
from iaca.inference import infer
from iaca.models.backbones import inflate
from iaca.study.findings import FILE, Study
from iaca.study.first_view import choose_first_view, write_first_view
from iaca.study.runs import model_file
from iaca.study.study_report import Tables
from iaca.training.backbone_training import train_backbone

DEMO_CLIP_STRIDE = 4
BACKBONE_VIDEO_SIZE = 192
"""Pixels: videos that backbones are trained on are smaller than those that are shown; a face is cut at 112 pixels."""

SHIPPED_MODELS = (
    "concat",
    *(f"{base}{gates}" for base in ("ca", "tca", "jca", "rjca") for gates in ("", "_iaca")),
    *(f"ca{kind}" for kind in ("_constant_gates", "_blind_gates", "_strict", "_iaca_strict")),
)
"""Each of the seed that is nearest the mean; the controls and the paper's own settings of CA, to look at."""

SHIPPED_TABLES = Tables._fields
"""Tables of the page "Results"; the sums behind them, one row a run and subject, stay where the study ran."""

SHIPPED_FIGURES = ("attention", "contrasts", "label-memory")
"""Figures that ship; curves of missing clips are drawn by the page, from their table."""


class ChainError(InputError):
    """A step of the chain that failed: the message names the subject and the reason."""


@dataclass(frozen=True, kw_only=True)
class ChainSize:
    """How large the chain is; the defaults are what ships.

    Attributes:
        shown: People of the corpus that the dashboard shows.
        training: People the fusion models are trained on.
        validation: Further people, whose scores are reported.
        test: People of the test draw, on whom nothing is chosen.
        shipped_training: People of `training` whose features ship.
        shipped_validation: People of `validation` whose features ship.
        backbone: People the backbones are trained on.
        backbone_validation: People of `validation` on whom the backbones' recipes were chosen.
        shown_s: Seconds of each shown video.
        seconds: Seconds of each recording of the study.
        memories_s: Memories of the label-memory curve, beside that of the study.
        backbone_s: Seconds of each video that the backbones are trained on: many people in short videos, because a
            network that sees few people for long memorises them.
        picture_epochs: Passes of the visual backbone over single pictures.
        visual_epochs: Passes of the visual backbone over clips, after that.
        audio_epochs: Passes of the audio backbone.
    """

    shown: int = 12
    training: int = 110
    validation: int = 90
    test: int = 90
    shipped_training: int = 34
    shipped_validation: int = 26
    backbone: int = 192
    backbone_validation: int = 24
    shown_s: float = 50.0
    seconds: float = 60.0
    memories_s: tuple[float, ...] = (2.2, 5.0)
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


class StudyFeatures(NamedTuple):
    """Folders of the study's features.

    Attributes:
        features: Training and validation subjects.
        test: The test draw.
        memories: Training and validation subjects of each other memory.
    """

    features: Path
    test: Path
    memories: tuple[Path, ...]


def train_backbones(
    work: Path, checkpoints: Path, size: ChainSize, seed: int, device: torch.device | str
) -> dict[str, BackboneFile]:
    """Train both slim backbones and write them to `checkpoints`; a finished one is kept in `work`.

    Returns:
        Modality -> backbone, as stored.
    """
    build = partial(build_corpus, seed=seed, crops=False, video_size=BACKBONE_VIDEO_SIZE, crf=23, preset="veryfast")
    build(work / "backbone", role=Role.BACKBONE, identities=size.backbone, seconds=size.backbone_s)
    build(
        work / "backbone-validation",
        role=Role.VALIDATION,
        identities=size.backbone_validation,
        first_identity=size.shown,
        seconds=size.backbone_s,
    )
    training_set = find_recordings([work / "backbone"]).recordings
    validation = find_recordings([work / "backbone-validation"]).recordings
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


def show(demo: Path, checkpoints: Path, size: ChainSize, seed: int) -> None:
    """Build the shown corpus in `demo`, and extract its features.

    Raises:
        ChainError: A subject cannot be extracted.
    """
    build_corpus(demo, identities=size.shown, seconds=size.shown_s, seed=seed, crops=False)
    recordings = find_recordings([demo]).recordings
    backbones = _stored(checkpoints)
    summary = extract_all(
        recordings, demo / "features", backbones["visual"], backbones["audio"], clip_stride=DEMO_CLIP_STRIDE
    )
    if summary.problems:
        problem = summary.problems[0]
        raise ChainError(f"features of {problem.file} cannot be extracted: {problem.reason}")


def study_features(work: Path, demo: Path, checkpoints: Path, size: ChainSize, seed: int) -> StudyFeatures:
    """Build the features of the study in `work`, and put those that ship into `demo`/study."""
    backbones = checkpoints / "visual_slim.safetensors", checkpoints / "audio_slim.safetensors"
    build = partial(build_features, backbones=backbones, seconds=size.seconds, seed=seed)

    def train_and_validate(memory_s: float) -> Path:
        corpus = work / f"memory-{memory_s:g}"
        build(corpus / "training", role=Role.TRAINING, identities=size.training, emotion_memory_s=memory_s)
        build(
            corpus / "validation",
            role=Role.VALIDATION,
            identities=size.validation,
            first_identity=size.shown,  # nobody who is shown is scored
            conditions=MIXED,
            emotion_memory_s=memory_s,
        )
        gather(corpus / "features", [corpus / "validation", corpus / "training"])
        return corpus / "features"

    features = train_and_validate(LONG_MEMORY_S)
    build(work / "test", role=Role.TEST, identities=size.test)
    corpus = features.parent
    gather(
        demo / "study",
        [corpus / "validation", corpus / "training"],
        [size.shipped_validation, size.shipped_training],
    )
    return StudyFeatures(features, work / "test", tuple(train_and_validate(memory_s) for memory_s in size.memories_s))


def gather(out: Path, corpora: Sequence[Path], at_most: Sequence[int | None] | None = None) -> None:
    """Put the features of several corpora into one folder, with their episodes and the description of the first.

    Args:
        out: The folder; feature files of others are removed from it.
        corpora: Folders with features, episodes.csv and corpus.json.
        at_most: For each of them, how many of its first people; None: all.
    """
    out.mkdir(parents=True, exist_ok=True)
    chosen: dict[str, Path] = {}
    lines: list[str] = []
    for corpus, most in zip(corpora, at_most or [None] * len(corpora), strict=True):
        subjects = list(json.loads((corpus / DESCRIPTION).read_text(encoding="utf-8"))["subjects"])[:most]
        chosen |= {subject: corpus / f"{subject}.safetensors" for subject in subjects}
        header, *rows = (corpus / EPISODES).read_text(encoding="utf-8").splitlines()
        lines = [*(lines or [header]), *(row for row in rows if row.partition(",")[0] in chosen)]
    for file in out.glob("*.safetensors"):
        if file.stem not in chosen:
            file.unlink()
    for subject, file in chosen.items():
        write_whole(out / f"{subject}.safetensors", file.read_bytes())
    write_whole(out / EPISODES, ("\n".join(lines) + "\n").encode())
    write_whole(out / DESCRIPTION, (corpora[0] / DESCRIPTION).read_bytes())


def train_demo(
    work: Path,
    demo: Path,
    checkpoints: Path,
    *,
    size: ChainSize | None = None,
    seed: int = 0,
    keep_backbones: bool = False,
    device: torch.device | str = "cpu",
    study: Callable[[StudyFeatures, Path], Any],
) -> None:
    """Run the chain. What is finished in `work` is not repeated, so it can be stopped at any moment.

    Args:
        work: Folder for corpora, clips and runs, several GiB.
        demo: The shown corpus and its features.
        checkpoints: Where backbones and models go.
        size: How large; None: what ships.
        seed: Seed of everything.
        keep_backbones: Whether the backbones in `checkpoints` stay as they are.
        device: Where networks run.
        study: Trains and scores the models: called with the folders of features and one for its results, which then
            holds runs/<variant>-<seed>.safetensors, study.json and report.md.

    Raises:
        ChainError: A step failed.
    """
    size = size or ChainSize()
    features: list[StudyFeatures] = []
    steps: list[tuple[str, Callable[[], Any]]] = [
        ("building and extracting the shown corpus", lambda: show(demo, checkpoints, size, seed)),
        ("building the features of the study",
         lambda: features.append(study_features(work, demo, checkpoints, size, seed))),
        ("training and scoring models", lambda: study(features[0], work / "study")),
        ("storing models", lambda: store(work / "study", demo, checkpoints, size)),
    ]  # fmt: skip
    if not keep_backbones:
        steps.insert(0, ("training backbones", lambda: train_backbones(work, checkpoints, size, seed, device)))
    for number, (name, step) in enumerate(steps, 1):
        print(f"{number}/{len(steps)} {name}", flush=True)
        step()


def _stored(checkpoints: Path) -> dict[str, BackboneFile]:
    return {m: load_backbone(checkpoints / f"{m}_slim.safetensors") for m in MODALITIES}


def store(results: Path, demo: Path, checkpoints: Path, size: ChainSize) -> None:
    """Copy the models that ship, and the report with its tables and figures, from the study to their places.

    Args:
        results: Folder of the study.
        demo: The shown corpus, with its features.
        checkpoints: Where models go.
        size: How large the chain was.

    Raises:
        ChainError: The features of the shown subjects are of several backbones.
    """
    typical = Study.read(results).typical_seeds
    for name in SHIPPED_MODELS:
        if name in typical:
            content = model_file(results, name, typical[name]).read_bytes()
            write_whole(checkpoints / f"{name}.safetensors", content)
    tables = [results / f"{name}.parquet" for name in SHIPPED_TABLES]
    drawn = [file for file in sorted((results / "figures").glob("*.svg")) if file.stem in SHIPPED_FIGURES]
    for file in (results / "report.md", results / FILE, *tables, *drawn):
        write_whole(demo / "results" / file.relative_to(results), file.read_bytes())
    shown = read_folder(demo / "features")
    fingerprints = {item.backbones[AUDIO]["sha256"] for item in shown}
    if len(fingerprints) != 1:
        raise ChainError(f"{demo / 'features'} holds features of {len(fingerprints)} audio backbones; expected one")
    models = {name: load_checkpoint(checkpoints / f"{name}.safetensors") for name in SHIPPED_MODELS if name in typical}
    traces = {name: [infer(item, model) for item in shown] for name, model in models.items()}
    view = choose_first_view(traces, read_episodes(demo / EPISODES))
    if view is not None:
        write_first_view(demo / "results", view)
    card = model_card(checkpoints, demo / "results", size.people, read_folder(demo / "study", "validation"))
    write_whole(checkpoints / "README.md", card.encode())
