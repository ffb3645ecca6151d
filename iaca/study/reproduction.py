"""The whole study in one call: what `python -m iaca reproduce` runs."""

from __future__ import annotations

import json
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pandas as pd

from iaca.checkpoints import load_checkpoint
from iaca.compute.engine import HERE, Engine
from iaca.config import VALENCE, TrainingConfig
from iaca.data.corpus_description import FILE, read_description
from iaca.data.episodes import read_episodes
from iaca.data.recordings import folder_of
from iaca.features.feature_files import read_features
from iaca.features.folder import EPISODES, groups_of, read_folder
from iaca.files import write_whole
from iaca.study import figures
from iaca.study.contrasts import primary_contrasts
from iaca.study.decisions import Difference, compare, decide, headroom_table
from iaca.study.findings import Study, digests, records
from iaca.study.gate_truth import watch_gates
from iaca.study.headroom import headroom_rows, run_headroom
from iaca.study.jobs import held
from iaca.study.label_curve import labels_by_memory, memory_curve
from iaca.study.missing import missing_clips
from iaca.study.plan import (
    ALL,
    AUTHORS,
    MISLEADING_FRAMES,
    STRICT,
    TABLE_1,
    TABLE_2,
    TEST,
    VALIDATION,
    Variant,
    ablations,
    alone_rows,
    authors_rows,
    related_gates,
    table_rows,
    told_rows,
)
from iaca.study.runs import StudyError, model_file, run_study
from iaca.study.study_report import Published, Tables, report
from iaca.study.tables import Sums, by_subject, groups_in, read_table, scores, single, typical_seed, write_table
from iaca.training.fusion_training import check_together
from iaca.types import Episode, Features

QUICK = {"epochs": 2, "steps_per_epoch": 2, "batch_windows": 4}
"""Settings of training to see the command run."""

ABLATED = "ca"
FIGURE_1_MODELS = ("ca", "ca_iaca")
MISSING_SEEDS = 3
"""Seeds of Fig 3, at most."""


@dataclass(frozen=True, kw_only=True)
class Reproduction:
    """One study.

    Attributes:
        features: Folder of feature files; their split says what each is for.
        out: Folder for models, tables, figures and report.
        seeds: Seeds 0 to seeds - 1.
        fusions: Base fusions.
        tca_layers: Layers of transformers.
        test: Folder of features of the test draw, on which nothing is chosen; None: there is none.
        memories: Folders of features of corpora whose labels remember for longer or shorter, for the label-memory
            curve; none: no curve.
        videos: Folder with videos, or their manifest, and, in `features` there, feature files for Fig 1; None: none.
        published: Published scores to print beside.
        engine: What models are trained and run on; with Ray, `device` is that of figures alone.
        training: How models are trained, where their regime does not say otherwise.
        limits: Settings of training that hold in every regime, such as fewer epochs.
        fusion: Settings of every model that are not the defaults, such as those of a preset.
        device: Where models are trained and run.
    """

    features: Path
    out: Path
    seeds: int = 5
    fusions: tuple[str, ...] = (*TABLE_2, *TABLE_1)
    tca_layers: int = 2
    test: Path | None = None
    memories: tuple[Path, ...] = ()
    videos: Path | None = None
    published: Sequence[Published] = ()
    engine: Engine = HERE
    training: TrainingConfig = field(default_factory=TrainingConfig)
    limits: Mapping[str, Any] = field(default_factory=dict)
    fusion: Mapping[str, Any] = field(default_factory=dict)
    device: str = "cpu"

    def run(self) -> str:
        """Do what is missing, write tables, figures, study.json and report, and return the report.

        Raises:
            InputError: Features, results or an engine that cannot be used, or jobs that failed.
        """
        with held(self.engine):
            return self._run()

    def _run(self) -> str:
        began = time.perf_counter()
        draws = self._draws()
        train = self._training()
        episodes = self._known_episodes()
        rows, changed = self._variants(train[0])
        self._check_later_steps(train, draws)
        settings: dict[str, Any] = {"device": self.engine.device(self.device), "engine": self.engine}
        everything = [*rows, *changed]
        results = run_study(train, draws, everything, self.seeds, self.out, episodes=episodes, **settings)
        switches = headroom_rows(rows) if episodes else []
        if switches:
            known = run_headroom(train, draws, rows, self.seeds, self.out, episodes=episodes, **settings)
            results = pd.concat((results, known), ignore_index=True)
        sums = Sums(results, VALIDATION)
        curve = memory_curve(
            self.memories, (self.features, sums), rows, self.seeds, self.out,
            episodes={folder: _episodes(folder) for folder in self.memories}, **settings,
        )  # fmt: skip
        gates = watch_gates(self.out, rows, self.seeds, draws[VALIDATION], episodes, **settings)
        tables = Tables(
            **self._decided(results, rows, changed, switches, draws),
            missing=self._missing(rows, draws[VALIDATION], episodes),
            gates=gates.truth,
            health=gates.health,
            memory=curve,
            autocorrelation=labels_by_memory([self.features, *self.memories] if self.memories else []),
        )
        tables = Tables(*map(single, tables))
        write_table(self.out / "results.parquet", results)
        for name, table in tables._asdict().items():
            write_table(self.out / f"{name}.parquet", table)
        self._draw(tables)
        self._facts(tables, sums, train, draws).write(self.out)
        text = self.write_report()
        self._log_time(time.perf_counter() - began, results)
        return text

    def write_report(self) -> str:
        """Write the report from study.json and the tables in `out`, and return it. Nothing is trained or scored.

        Raises:
            StudyError: A table is missing or cannot be read, or the tables are of other models.
            FindingsError: study.json is missing or cannot be read.
        """
        tables = Tables(*(read_table(self.out / f"{name}.parquet") for name in Tables._fields))
        rows, changed = self._variants(self._training()[0])
        names = {variant.name for variant in [*rows, *changed]}
        if names != set(tables.scores.variant):
            other = sorted(names ^ set(tables.scores.variant))
            raise StudyError(
                f"the tables in {self.out} and the planned models differ in {other[0]!r}; expected the same fusions"
            )
        text = report(Study.read(self.out), tables, rows, changed, self.published)
        write_whole(self.out / "report.md", text.encode())
        return text

    def _facts(
        self, tables: Tables, sums: Sums, train: Sequence[Features], draws: Mapping[str, Sequence[Features]]
    ) -> Study:
        """What study.json holds."""
        first = tables.subjects[(tables.subjects.variant == tables.subjects.variant.iloc[0])]
        groups = tables.scores.drop_duplicates("group")
        trained = tables.scores.variant.unique().tolist()
        return Study(
            synthetic=self._is_synthetic(),
            seeds=int(tables.scores.seeds.max()),
            training_subjects=len(train),
            validation_subjects=len(draws[VALIDATION]),
            test_subjects=len(draws.get(TEST, ())),
            annotated_frames=int(first[first.target == VALENCE].frames.sum()),
            clip_stride=draws[VALIDATION][0].clip_stride,
            groups=dict(zip(groups.group.tolist(), groups.subjects.tolist(), strict=True)),
            primary_sha256=primary_contrasts()[1],
            primary=records(tables.primary),
            headroom=records(tables.headroom[tables.headroom.frames.isin((ALL, MISLEADING_FRAMES))]),
            memory=records(tables.memory),
            gate_health=records(tables.health),
            typical_seeds={name: typical_seed(sums, name) for name in trained},
            tables=digests([self.out / f"{name}.parquet" for name in Tables._fields]),
            missing_subject=next((item.subject for item in _fig_3_subjects(draws[VALIDATION])), None),
            attention_subjects=self._attention_subjects(),
        )

    def _decided(
        self,
        results: pd.DataFrame,
        rows: Sequence[Variant],
        changed: Sequence[Variant],
        switches: Sequence[Variant],
        draws: Mapping[str, Sequence[Features]],
    ) -> dict[str, pd.DataFrame]:
        """Tables of scores, differences and decisions."""
        titles = {row.name: row.title for row in rows}
        knowing = [*(row for row in rows if row.told), *switches]
        found: dict[str, list[pd.DataFrame]] = {"differences": [], "primary": [], "headroom": []}
        own_scores = {}
        for draw, subjects in draws.items():
            sums = Sums(results, draw)
            groups = groups_in(sums, groups_of(self.features if draw == VALIDATION else self._test_folder(), subjects))
            own_scores[draw] = scores(sums, [*rows, *changed], groups)
            found["differences"].append(_differences(compare(sums, rows, groups), draw, ablation=False))
            found["differences"].append(_differences(compare(sums, changed, groups[:1], rows), draw, ablation=True))
            headroom = headroom_table(sums, draw, knowing, titles, groups)
            found["headroom"].append(headroom)
            found["primary"].append(decide(sums, draw, groups, titles, headroom))
        return {
            "scores": own_scores[VALIDATION],
            "test_scores": own_scores.get(TEST, own_scores[VALIDATION].iloc[:0]),
            "subjects": by_subject(Sums(results, VALIDATION), [*rows, *changed]),
            **{name: pd.concat(parts, ignore_index=True) for name, parts in found.items()},
        }

    def _training(self) -> list[Features]:
        return read_folder(self.features, "train")

    def _draws(self) -> dict[str, list[Features]]:
        """Subjects that are scored: of validation, and of the test draw where there is one."""
        draws = {VALIDATION: read_folder(self.features, VALIDATION)}
        if self.test is not None:
            draws[TEST] = read_folder(self.test)
        return draws

    def _test_folder(self) -> Path:
        assert self.test is not None
        return self.test

    def _known_episodes(self) -> list[Episode]:
        folders = (self.features,) if self.test is None else (self.features, self.test)
        return [episode for folder in folders for episode in _episodes(folder)]

    def _check_later_steps(self, train: Sequence[Features], draws: Mapping[str, Sequence[Features]]) -> None:
        """Refuse before the training what only the steps after it read.

        Raises:
            InputError: Subjects that cannot be trained on together or scored by these models, or a damaged file.
        """
        check_together(train)
        scored = [item for subjects in draws.values() for item in subjects]
        groups_of(self.features, draws[VALIDATION])
        self._is_synthetic()
        labels_by_memory(self.memories)
        for subject in self._attention_subjects():
            assert self.videos is not None
            scored.append(read_features(folder_of(self.videos) / "features" / f"{subject}.safetensors"))
        for item in scored:
            if item.backbones != train[0].backbones:
                raise StudyError(
                    f"features of {item.subject} come from other backbones than those of {train[0].subject}; extract "
                    "all subjects with the same"
                )

    def _variants(self, first: Features) -> tuple[list[Variant], list[Variant]]:
        """Rows of the tables, and ablations. What knows the episodes is among the rows where any are known."""
        dims = {"audio_dim": first.audio.shape[1], "visual_dim": first.visual.shape[1]}
        settings: dict[str, Any] = dims | {"dim": min(dims.values()), "num_layers": self.tca_layers, **self.fusion}
        rows = [row for fusion in self.fusions for row in table_rows(fusion, settings, self.training)]
        if ABLATED in self.fusions:
            rows += [*authors_rows(rows, ABLATED), *related_gates(rows, ABLATED)]
        rows += alone_rows(settings, self.training)
        if _episodes(self.features):
            rows += told_rows(rows)
        rows = [replace(row, training=replace(row.training, **self.limits)) for row in rows]
        return rows, ablations(rows, ABLATED) if ABLATED in self.fusions else []

    def _missing(
        self, rows: Sequence[Variant], validation: Sequence[Features], episodes: Sequence[Episode]
    ) -> pd.DataFrame:
        """Fig 3 of bases, IACA and what ignores a modality; of one subject where it is the paper's."""
        chosen = [
            row for row in rows
            if not row.told and row.config.fusion not in TABLE_1 and row.regime != AUTHORS
            and (row.base is None or row.name == f"{row.config.fusion}_iaca" or row.regime == STRICT)
        ]  # fmt: skip
        return missing_clips(
            self.out, chosen, min(self.seeds, MISSING_SEEDS), _fig_3_subjects(validation) or validation,
            episodes=episodes, device=self.engine.device(self.device), engine=self.engine,
        )  # fmt: skip

    def _draw(self, tables: Tables) -> None:
        """Fig 3, the decisions, and Fig 1 where there are videos."""
        synthetic = self._is_synthetic()
        figures.draw_missing(self.out, tables.missing, synthetic)
        figures.draw_decisions(self.out, tables.primary, tables.memory, tables.autocorrelation, synthetic)
        if self.videos is not None and ABLATED in self.fusions:
            models = [load_checkpoint(model_file(self.out, name), self.device) for name in FIGURE_1_MODELS]
            figures.draw_attention(self.out, models, self.videos, folder_of(self.videos) / "features", synthetic)

    def _attention_subjects(self) -> tuple[str, ...]:
        if self.videos is None or ABLATED not in self.fusions:
            return ()
        people = figures.attention_subjects(self.videos, folder_of(self.videos) / "features")
        return tuple(recording.subject for recording in people.values())

    def _is_synthetic(self) -> bool:
        """Whether any folder above the features, or with the videos, is that of a synthetic corpus."""
        beside = None if self.videos is None else folder_of(self.videos)
        for folder in filter(None, (self.features, self.features.parent, beside)):
            if (folder / FILE).is_file():
                return read_description(folder).synthetic
        return False

    def _log_time(self, seconds: float, results: pd.DataFrame) -> None:
        """Kept beside the report, not in it: running the study again prints the same report."""
        runs = results.groupby(["variant", "seed"]).seconds.first()
        record = {"last_call_s": round(seconds, 1), "training_s": round(float(runs.sum()), 1), "models": len(runs)}
        write_whole(self.out / "time.json", json.dumps(record).encode())


def _differences(found: Sequence[Difference], draw: str, *, ablation: bool) -> pd.DataFrame:
    """Differences as a table: `draw` tells validation from test, `ablation` marks rows compared with IACA."""
    table = [d._asdict() | {"verdict": d.verdict.value, "draw": draw, "ablation": ablation} for d in found]
    return pd.DataFrame(table, columns=[*Difference._fields, "draw", "ablation"])


def _fig_3_subjects(validation: Sequence[Features]) -> list[Features]:
    """The subject of the paper's Fig 3 where it is there: its clips alone are taken away then."""
    return [item for item in validation if item.subject == figures.PAPER_FIGURE_3]


def _episodes(folder: Path) -> list[Episode]:
    file = folder / EPISODES
    return read_episodes(file) if file.is_file() else []
