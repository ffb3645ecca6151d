"""What there is to gain: models that know, or are taught, which modality is wrong.

A gate can gain at most what somebody gains who knows the episodes, and cannot be expected to gain more than a detector
that is taught them from the same features. Where that is next to nothing, no verdict on gates means anything.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
import torch
from scipy.ndimage import uniform_filter1d
from torch import nn
from tqdm import tqdm

import iaca
from iaca.checkpoints import load_checkpoint
from iaca.compute.engine import HERE, Engine
from iaca.compute.threads import one_thread
from iaca.config import (
    AUDIO,
    MODALITIES,
    TARGETS,
    VISUAL,
    ForcedGates,
    GateOverrides,
    Stage1Choice,
    Stage2Choice,
)
from iaca.files import write_whole
from iaca.inference import predict
from iaca.models.published.network import FusionNetwork
from iaca.study.jobs import do_jobs
from iaca.study.known import as_seen_by, misleading
from iaca.study.plan import ALONE, EXTENSIONS, TABLE_1, Variant
from iaca.study.runs import SUMS, model_file, rows_of, sums_of_subject
from iaca.training import features_fingerprint
from iaca.types import Episode, Features, Progress

NEIGHBOURS = 9
"""Clips over which the detector sees a mean beside the clip itself: 2.6 s to either side at a stride of 16 frames."""

HIDDEN, DROPOUT, STEPS, BATCH_CLIPS = 64, 0.4, 300, 512
RATE, DECAY = 1e-3, 0.1
"""Of the detector's training."""

INTACT = {AUDIO: VISUAL, VISUAL: AUDIO}
"""Wrong modality -> the other one."""

Predictions = dict[str, np.ndarray]


class Row(NamedTuple):
    """A row of headroom.

    Attributes:
        suffix: What it adds to the name of its base.
        title: What tables call it.
    """

    suffix: str
    title: str


INFORMED = Row("informed", "informed switch")
ATTAINABLE = Row("attainable", "attainable switch")
FORCED = {
    Row("forced_self", "forced gates: stage 1 on self"): (Stage1Choice.SELF, False),
    Row("forced_cross", "forced gates: stage 1 on cross"): (Stage1Choice.CROSS, False),
    Row("forced_intact", "forced gates: stage 2 on the intact modality"): (Stage1Choice.FREE, True),
    Row("forced_both", "forced gates: stage 1 on self, stage 2 on the intact modality"): (Stage1Choice.SELF, True),
}
"""Row -> what is forced inside the episodes: stage 1, and whether stage 2 takes the modality that is not wrong."""


def headroom_rows(rows: Sequence[Variant]) -> list[Variant]:
    """Rows that are computed from trained ones and are not trained themselves.

    Args:
        rows: Those of the study.

    Returns:
        For each base with the extensions: `INFORMED` and `ATTAINABLE`, compared with the base; for each IACA on it,
        `FORCED`, compared with that.
    """
    return [_of(one, row) for base, gated in _bases(rows) for one, row in _kinds(base, gated)]


def _bases(rows: Sequence[Variant]) -> list[tuple[Variant, Variant | None]]:
    """Each base with the extensions, and IACA on it where there is one."""
    bases = [
        row
        for row in rows
        if row.regime == EXTENSIONS and row.base is None and row.only is None and row.config.fusion not in TABLE_1
    ]
    return [(base, next((row for row in rows if row.name == f"{base.name}_iaca"), None)) for base in bases]


def _kinds(base: Variant, gated: Variant | None) -> list[tuple[Variant, Row]]:
    found = [(base, INFORMED), (base, ATTAINABLE)]
    return found + [(gated, row) for row in FORCED] if gated is not None else found


def _of(compared: Variant, row: Row) -> Variant:
    name, title = f"{compared.name}_{row.suffix}", f"{compared.title}, {row.title}"
    return replace(compared, name=name, title=title, base=compared.name)


class _Common(NamedTuple):
    """What all jobs share."""

    out: Path
    train: Sequence[Features]
    scored: Mapping[str, Sequence[Features]]
    episodes: Sequence[Episode]
    rows: Sequence[Variant]
    device: str
    fingerprint: str


def run_headroom(
    train: Sequence[Features],
    scored: Mapping[str, Sequence[Features]],
    rows: Sequence[Variant],
    seeds: int,
    out: Path,
    *,
    episodes: Sequence[Episode],
    device: str = "cpu",
    engine: Engine = HERE,
    progress: bool = True,
) -> pd.DataFrame:
    """Score the rows of `headroom_rows` for every seed; what is in `out` is not computed again.

    Args:
        train: Training subjects, of whom the detector learns.
        scored: Name of a draw -> its subjects.
        rows: Trained rows of the study, with both of `plan.alone_rows`.
        seeds: Seeds of the study.
        out: Its folder.
        episodes: Known episodes of all subjects.
        device: Where to predict.
        engine: What seeds run on.
        progress: Whether to show a bar.

    Returns:
        Rows as of `run_study`.

    Raises:
        JobsError: A seed could not be done; all others are.
    """
    fingerprint = features_fingerprint([*train, *(item for draw in scored.values() for item in draw)])
    common = _Common(out.absolute(), train, scored, episodes, rows, device, fingerprint)
    with tqdm(total=seeds, desc="headroom", unit="seed", disable=not progress) as bar:
        ended = do_jobs(
            _seed, common, range(seeds), out, name=str, what="seeds of headroom", device=device, engine=engine, bar=bar
        )
        found = dict(ended)
    table = []
    for seed in range(seeds):
        for variant in headroom_rows(rows):
            for draw, sums in found[seed][variant.name].items():
                about = {"variant": variant.name, "seed": seed, "parameters": 0, "seconds": 0.0, "draw": draw}
                table += rows_of(sums, **about)
    return pd.DataFrame(table)


@one_thread()
def _seed(common: _Common, seed: int, progress: Progress) -> dict[str, Any]:
    """Variant -> draw -> the sums of every subject, for one seed."""
    models = _Models(common, seed)
    identity = {"version": iaca.__version__, "features": common.fingerprint, "weights": models.digests}
    file = common.out / "runs" / f"headroom-{seed}.json"
    if file.is_file():
        known = json.loads(file.read_text(encoding="utf-8"))
        if known["identity"] == identity:
            return dict(known[SUMS])
    detectors = {
        (modality, target): Detector(common.train, common.episodes, modality, target, seed)
        for modality in MODALITIES
        for target in TARGETS
    }
    result: dict[str, dict[str, dict[str, Any]]] = {}
    total = sum(len(subjects) for subjects in common.scored.values())
    done = 0
    for draw, subjects in common.scored.items():
        for item in subjects:
            for name, predictions in _predictions(common, item, models, detectors):
                of_draw = result.setdefault(name, {}).setdefault(draw, {})
                of_draw[item.subject] = sums_of_subject(item, predictions, common.episodes)
            done += 1
            progress(done, total)
    write_whole(file, json.dumps({"identity": identity, SUMS: result}).encode())
    return result


class _Models:
    """The trained models of a seed, by the names of their rows."""

    def __init__(self, common: _Common, seed: int) -> None:
        bases = _bases(common.rows)
        needed = [row.name for pair in bases for row in pair if row is not None] + list(ALONE.values())
        files = {name: model_file(common.out, name, seed) for name in needed}
        self.digests = {name: hashlib.sha256(file.read_bytes()).hexdigest() for name, file in files.items()}
        self._models = {name: load_checkpoint(file, common.device).model for name, file in files.items()}

    def __getitem__(self, name: str) -> FusionNetwork:
        return self._models[name]


def _predictions(
    common: _Common, item: Features, models: _Models, detectors: Mapping[tuple[str, str], Detector]
) -> Iterator[tuple[str, Predictions]]:
    """What each row of `headroom_rows` predicts of a subject: its name, and target -> (N,)."""
    rows = {row.only: row for row in common.rows if row.only is not None}
    alone = {m: predict(as_seen_by(rows[m], item, common.episodes), models[ALONE[m]]) for m in MODALITIES}
    wrong = {(m, t): misleading(item, common.episodes, m, t) for m in MODALITIES for t in TARGETS}
    suspected = {key: detector.probability(item) for key, detector in detectors.items()}
    for base, gated in _bases(common.rows):
        own = predict(item, models[base.name], keep_features=True)
        known = {t: _switched(own[t], {m: alone[INTACT[m]][t] for m in MODALITIES}, wrong, t) for t in own}
        yield _of(base, INFORMED).name, known
        taught = {t: _switched(own[t], {m: alone[INTACT[m]][t] for m in MODALITIES}, suspected, t) for t in own}
        yield _of(base, ATTAINABLE).name, taught
        if gated is None:
            continue
        learned = predict(item, models[gated.name], keep_features=True)
        for row, (stage1, intact) in FORCED.items():
            forced = {m: _forced(item, models[gated.name], stage1, INTACT[m] if intact else None) for m in MODALITIES}
            chosen = {t: _switched(learned[t], {m: forced[m][t] for m in MODALITIES}, wrong, t) for t in learned}
            yield _of(gated, row).name, chosen


def _forced(item: Features, model: FusionNetwork, stage1: Stage1Choice, modality: str | None) -> Predictions:
    stage2 = Stage2Choice.FREE if modality is None else Stage2Choice(modality)
    gates = GateOverrides(forced=ForcedGates(stage1=stage1, stage2=stage2))
    return predict(item, model, gates=gates, keep_features=True)


def _switched(
    usual: np.ndarray, where_wrong: Mapping[str, np.ndarray], wrong: Mapping[tuple[str, str], np.ndarray], target: str
) -> np.ndarray:
    """Another prediction where a modality is wrong, mixed by how sure that is.

    Args:
        usual: (N,), what is predicted where nothing is wrong.
        where_wrong: Modality -> (N,), what is predicted where that one is.
        wrong: (modality, target) -> (N,) bool, or probability; where both add up to more than 1, their shares.
        target: The target.
    """
    weights = {m: wrong[m, target].astype(np.float64) for m in where_wrong}
    scale = np.maximum(1.0, sum(weights.values()))
    mixed = usual * (1 - sum(weights.values()) / scale)
    return np.asarray(mixed + sum(values * weights[m] / scale for m, values in where_wrong.items()), np.float32)


class Detector:
    """A network that is taught when a modality is wrong, from the features that a gate would see.

    It reads both modalities' features of a clip and their mean over `NEIGHBOURS` clips.

    Args:
        train: Training subjects.
        episodes: Their known episodes.
        modality: The modality that may be wrong.
        target: For which target; see `known.misleading`.
        seed: Of its weights and batches.
    """

    def __init__(
        self, train: Sequence[Features], episodes: Sequence[Episode], modality: str, target: str, seed: int
    ) -> None:
        inputs = np.concatenate([_around(item) for item in train])
        wrong = [misleading(item, episodes, modality, target)[item.frame] for item in train]
        answers = torch.from_numpy(np.concatenate(wrong).astype(np.float32))
        self._mean, self._scale = inputs.mean(0), inputs.std(0) + 1e-3
        seen = self._normalised(inputs)
        torch.manual_seed(seed)
        self._network = nn.Sequential(
            nn.Linear(seen.shape[1], HIDDEN), nn.ReLU(), nn.Dropout(DROPOUT), nn.Linear(HIDDEN, 1)
        )
        optimiser = torch.optim.AdamW(self._network.parameters(), RATE, weight_decay=DECAY)
        draw = np.random.default_rng(seed)
        for _ in range(STEPS):
            batch = torch.from_numpy(draw.integers(0, len(seen), BATCH_CLIPS))
            logits = self._network(seen[batch]).squeeze(-1)
            loss = nn.functional.binary_cross_entropy_with_logits(logits, answers[batch])
            optimiser.zero_grad()
            loss.backward()
            optimiser.step()
        self._network.eval()

    @torch.inference_mode()
    def probability(self, item: Features) -> np.ndarray:
        """(N,) in [0, 1], how likely the modality is wrong at each frame of a subject."""
        clips = torch.sigmoid(self._network(self._normalised(_around(item)))).squeeze(-1).numpy()
        return np.interp(np.arange(len(item.pts_s)), item.frame, clips)

    def _normalised(self, inputs: np.ndarray) -> torch.Tensor:
        return torch.from_numpy(((inputs - self._mean) / self._scale).astype(np.float32))


def _around(item: Features) -> np.ndarray:
    """(T, 2 D_a + 2 D_v) features of each clip, and their mean over its neighbours."""
    values = np.concatenate((item.audio, item.visual), axis=1)
    return np.concatenate((values, uniform_filter1d(values, NEIGHBOURS, axis=0, mode="nearest")), axis=1)
