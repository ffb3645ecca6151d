"""Features without faces and voices, in which what a gate can gain is known: a test of a study, and a way to learn.

Both modalities show what a person feels, each with noise of its own. In episodes one of them shows somebody else
instead. With a cue, the features of that modality say so: a model that reads the cue can take the other one. Without a
cue nothing in a clip says so, and nothing is to be gained.
"""

from __future__ import annotations

import json
import os
from dataclasses import asdict, dataclass, replace
from pathlib import Path

import numpy as np

import iaca
from iaca.clips import clip_ends
from iaca.config import AUDIO, MODALITIES, TARGETS, VISUAL
from iaca.data.corpus_description import FILE
from iaca.demo.corpus_plan import CorpusError
from iaca.demo.corpus_tables import write_known_episodes
from iaca.demo.episode_plan import STRANGER, STRANGER_CONTROL, Condition, PlannedEpisode, plan_episodes
from iaca.demo.labels import emotion_path
from iaca.demo.performance import FPS
from iaca.evaluation import ccc_of_sums, ccc_sums
from iaca.features.feature_files import write_features
from iaca.files import write_whole
from iaca.types import Features

CLIP_STRIDE = 16
NUISANCE = 4
"""Values of a clip's features that say nothing of what is felt."""

BACKGROUND = 0.05
"""Spread of the noise in every value of the features."""


@dataclass(frozen=True, kw_only=True)
class Simulation:
    """What is simulated.

    Attributes:
        training: People to train on.
        validation: People to score.
        seconds: Length of each recording.
        memory_s: Time after which feelings have forgotten 63 % of where they were.
        noise: Spread of each modality's noise, relative to that of feelings.
        cued: Whether the features of a modality that shows somebody else say so.
        dim: Values of the features of each modality.
        seed: Seed of everything.
    """

    training: int = 60
    validation: int = 40
    seconds: float = 60.0
    memory_s: float = 11.0
    noise: float = 0.8
    cued: bool = True
    dim: int = 16
    seed: int = 0

    def __post_init__(self) -> None:
        for name, value, low, high in (
            ("training", self.training, 2, 10_000),
            ("validation", self.validation, 2, 10_000),
            ("seconds", self.seconds, 20, 3600),
            ("memory_s", self.memory_s, 0.1, 600),
            ("noise", self.noise, 0, 10),
            ("dim", self.dim, NUISANCE + 3, 1024),
            ("seed", self.seed, 0, 2**31 - 1),
        ):
            if not low <= value <= high:
                raise CorpusError(f"{name} is {value!r}; expected {low} to {high}")


@dataclass(frozen=True)
class _Person:
    """What is behind the features of one subject; arrays are (T, 2), valence and arousal at each clip."""

    subject: str
    felt: np.ndarray
    shown: dict[str, np.ndarray]
    wrong: dict[str, np.ndarray]
    features: Features
    episodes: tuple[PlannedEpisode, ...]


def simulate(out: str | os.PathLike[str], simulation: Simulation) -> dict[str, dict[str, float]]:
    """Write features, episodes.csv and corpus.json, as those of a corpus.

    Args:
        out: Folder; created where it is missing.
        simulation: What is simulated.

    Returns:
        The known answer, also in corpus.json: target -> CCC on the validation people of whoever knows the episodes
        ("informed"), and of whoever weighs both modalities alike ("uninformed"), each as good as can be.

    Raises:
        CorpusError: The folder holds another corpus.
    """
    out = Path(out)
    # Both draws share the "backbones": how what is shown becomes features.
    mixing = {
        m: _orthonormal(np.random.default_rng([simulation.seed, place]), simulation.dim)
        for place, m in enumerate(MODALITIES)
    }
    draws = {
        split: [_person(simulation, split, number, mixing) for number in range(count)]
        for split, count in (("train", simulation.training), ("validation", simulation.validation))
    }
    answer = known_answer(draws["train"], draws["validation"])
    people = [person for draw in draws.values() for person in draw]
    description = {
        "name": "Simulated features",
        "synthetic": True,
        **asdict(simulation),
        "known": answer,
        "subjects": {person.subject: {"condition": "simulated"} for person in people},
    }
    content = json.dumps(description, indent=1) + "\n"
    if (out / FILE).exists() and (out / FILE).read_text(encoding="utf-8") != content:
        raise CorpusError(f"{out / FILE} describes another corpus; expected a new folder, or the same values")
    write_whole(out / FILE, content.encode())
    write_known_episodes(out, [(person.subject, person.episodes) for person in people])
    for person in people:
        write_features(out / f"{person.subject}.safetensors", person.features)
    return answer


def known_answer(train: list[_Person], validation: list[_Person]) -> dict[str, dict[str, float]]:
    """The best that is possible with and without knowing the episodes; weights are those of the training people."""
    answer: dict[str, dict[str, float]] = {}
    for place, target in enumerate(TARGETS):
        felt = np.concatenate([person.felt[:, place] for person in train])
        answer[target] = {}
        for name, knows in (("informed", True), ("uninformed", False)):
            guesses = [_Guess(train, felt, place, knows).of(draw) for draw in (train, validation)]
            # As wide as the labels: the scale at which the CCC of a guess is largest.
            scale = felt.std() / np.concatenate(guesses[0]).std()
            sums = [ccc_sums(p.felt[:, place], scale * g) for p, g in zip(validation, guesses[1], strict=True)]
            answer[target][name] = round(float(ccc_of_sums(np.sum(sums, axis=0))), 4)
    return answer


class _Guess:
    """Least squares from what both modalities show, by which of them are known to be wrong."""

    def __init__(self, train: list[_Person], felt: np.ndarray, place: int, knows: bool) -> None:
        self._place, self._knows = place, knows
        self._weights = {}
        seen = np.concatenate([self._seen(person) for person in train])
        state = np.concatenate([self._state(person) for person in train])
        for one in np.unique(state):
            here = state == one
            used = [k for k in range(2) if not one & (1 << k)]  # a modality that is known to be wrong says nothing
            weights = np.zeros(2)
            weights[used] = np.linalg.lstsq(seen[here][:, used], felt[here], rcond=None)[0]
            self._weights[int(one)] = weights

    def of(self, people: list[_Person]) -> list[np.ndarray]:
        return [
            np.einsum("tm,tm->t", self._seen(p), np.array([self._weights[int(s)] for s in self._state(p)]))
            for p in people
        ]

    def _seen(self, person: _Person) -> np.ndarray:
        return np.stack([person.shown[m][:, self._place] for m in MODALITIES], axis=1)

    def _state(self, person: _Person) -> np.ndarray:
        """Which modalities are known to be wrong, as bits."""
        wrong = np.stack([person.wrong[modality] for modality in MODALITIES], axis=1) @ [1, 2]
        return wrong if self._knows else np.zeros_like(wrong)


def _person(simulation: Simulation, split: str, number: int, mixing: dict[str, np.ndarray]) -> _Person:
    seed = [simulation.seed, 10 + (split == "validation"), number]
    rng = np.random.default_rng(seed)
    frames = round(simulation.seconds * FPS)
    ends = clip_ends(frames, CLIP_STRIDE)
    felt, stranger = (
        np.stack([emotion_path(rng, frames, FPS, simulation.memory_s) for _ in TARGETS], axis=1) for _ in range(2)
    )
    kind = STRANGER if simulation.cued else STRANGER_CONTROL
    episodes = tuple(
        replace(episode, kind=kind, truth_modality="") for episode in plan_episodes(rng, Condition.MIXED, frames, FPS)
    )
    shown, wrong, values, zeros = {}, {}, {}, {}
    for modality in MODALITIES:
        inside = np.zeros(frames, bool)
        for episode in episodes:
            if episode.modality == modality:
                inside[episode.start : episode.stop] = True
        wrong[modality] = inside[ends]
        source = np.where(inside[:, None], stranger, felt)[ends]
        shown[modality] = source + simulation.noise * felt.std() * rng.normal(size=source.shape)
        cue = wrong[modality][:, None] * float(simulation.cued)
        latent = np.concatenate([shown[modality], cue, rng.normal(size=(len(ends), NUISANCE))], axis=1)
        noise = BACKGROUND * rng.normal(size=(len(ends), simulation.dim))
        values[modality] = (latent @ mixing[modality] + noise).astype(np.float32)
        zeros[modality] = np.zeros(simulation.dim, np.float32)
    subject = f"simulated-{split}-{number + 1:03d}"
    made_by = {m: {"name": f"simulated {m}", "sha256": f"{simulation.seed:064x}"} for m in MODALITIES}
    features = Features(
        subject=subject,
        video=subject,
        split=split,
        clip_stride=CLIP_STRIDE,
        backbones=made_by,
        created_by=f"iaca {iaca.__version__}",
        problems=(),
        audio=values[AUDIO],
        visual=values[VISUAL],
        frame=ends,
        pts_s=np.arange(frames) / FPS,
        valence=felt[:, 0].astype(np.float32),
        arousal=felt[:, 1].astype(np.float32),
        has_face=np.ones(frames, bool),
        has_audio=np.ones(frames, bool),
        audio_zero=zeros[AUDIO],
        visual_zero=zeros[VISUAL],
    )
    return _Person(subject, felt[ends], shown, wrong, features, episodes)


def _orthonormal(rng: np.random.Generator, dim: int) -> np.ndarray:
    """(latent values, dim) with orthonormal rows."""
    return np.linalg.qr(rng.normal(size=(dim, 3 + NUISANCE)))[0].T
