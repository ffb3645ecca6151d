"""The whole study in one call: what `python -m iaca reproduce` runs."""

from __future__ import annotations

import json
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pandas as pd

from iaca.checkpoints import load_checkpoint
from iaca.config import VALENCE, TrainingConfig
from iaca.data.corpus_description import FILE, read_description
from iaca.data.episodes import read_episodes
from iaca.data.recordings import folder_of
from iaca.features.feature_files import read_features
from iaca.features.folder import EPISODES, groups_of, read_folder
from iaca.files import write_whole
from iaca.study import figures
from iaca.study.confirmation import choose_conditions, confirm
from iaca.study.findings import Study, conditions_in, findings_in
from iaca.study.gate_truth import score_faithfulness, score_gates, table_of
from iaca.study.missing import missing_clips
from iaca.study.plan import ALL, EXTENSIONS, TABLE_1, TABLE_2, TEST, VALIDATION, Variant, ablations, table_rows
from iaca.study.report import Published, Tables, report
from iaca.study.runs import StudyError, model_file, run_study, segment_of
from iaca.study.tables import Difference, Sums, by_subject, compare, groups_in, read_table, scores, write_table
from iaca.training.fusion_training import check_together
from iaca.types import Episode, Features

QUICK = TrainingConfig(epochs=2, steps_per_epoch=2, batch_windows=4)
ABLATED = "ca"
FIGURE_1_MODELS = ("ca", "ca_iaca")


@dataclass(frozen=True, kw_only=True)
class Reproduction:
    """One study.

    Attributes:
        features: Folder of feature files; their split says what each is for.
        out: Folder for models, tables, figures and report.
        seeds: Seeds 0 to seeds - 1.
        fusions: Base fusions.
        tca_layers: Layers of transformers.
        test: Folder of features of the test draw; None: no confirmation.
        videos: Folder with videos, or their manifest, and, in `features` there, feature files for Fig 1; None: none.
        published: Published scores to print beside.
        jobs: Models trained side by side; None: one a core.
        training: How models are trained.
        device: Where models are trained and run.
    """

    features: Path
    out: Path
    seeds: int = 5
    fusions: tuple[str, ...] = (*TABLE_2, *TABLE_1)
    tca_layers: int = 2
    test: Path | None = None
    videos: Path | None = None
    published: Sequence[Published] = ()
    jobs: int | None = None
    training: TrainingConfig = field(default_factory=TrainingConfig)
    device: str = "cpu"

    def run(self) -> str:
        """Do what is missing, write tables, figures, study.json and report, and return the report."""
        began = time.perf_counter()
        train, validation = self._draws()
        episodes = _episodes(self.features)
        rows, changed = self._variants(train[0])
        self._check_later_steps(train, validation)
        results = run_study(
            train, {VALIDATION: validation}, [*rows, *changed], self.seeds, self.out, episodes=episodes,
            device=self.device, jobs=self.jobs,
        )  # fmt: skip
        sums = Sums(results, VALIDATION)
        groups = groups_in(sums, groups_of(self.features, validation))
        differences = compare(sums, rows, groups)
        # Before anything is written: it refuses where another choice was confirmed earlier.
        confirmed = self._confirmed(rows, differences)
        tables = Tables(
            scores=scores(sums, [*rows, *changed], groups),
            subjects=by_subject(sums, [*rows, *changed]),
            differences=_differences(differences, compare(sums, changed, groups[:1], rows), confirmed),
            missing=self._missing(rows, validation),
            gates=self._gates(rows, validation, episodes),
        )
        write_table(self.out / "results.parquet", results)
        for name, table in tables._asdict().items():
            write_table(self.out / f"{name}.parquet", table)
        self._draw(tables.missing)
        text = self.write_report()
        self._log_time(time.perf_counter() - began, results)
        return text

    def write_report(self) -> str:
        """Write study.json and the report from the tables in `out`, and return the report. Nothing is trained.

        Raises:
            StudyError: A table is missing or cannot be read, or the tables are of other models.
        """
        tables = Tables(*(read_table(self.out / f"{name}.parquet") for name in Tables._fields))
        train, validation = self._draws()
        rows, changed = self._variants(train[0])
        names = {variant.name for variant in [*rows, *changed]}
        if names != set(tables.scores.variant):
            other = sorted(names ^ set(tables.scores.variant))
            raise StudyError(
                f"the tables in {self.out} and the planned models differ in {other[0]!r}; expected the same fusions"
            )
        conditions = conditions_in(tables.differences, rows)
        if conditions and self.test is None:
            raise StudyError(f"{self.out} holds a confirmation; expected the features of its test draw")
        first = tables.subjects[(tables.subjects.variant == rows[0].name) & (tables.subjects.target == VALENCE)]
        groups = tables.scores.drop_duplicates("group")
        study = Study(
            synthetic=self._is_synthetic(),
            seeds=int(tables.scores.seeds.max()),
            training_subjects=len(train),
            validation_subjects=len(validation),
            test_subjects=len(read_folder(self.test)) if conditions and self.test is not None else 0,
            annotated_frames=int(first.frames.sum()),
            clip_stride=validation[0].clip_stride,
            groups=dict(zip(groups.group.tolist(), groups.subjects.tolist(), strict=True)),
            findings=findings_in(tables.differences, [v.name for v in rows if v.is_gated]),
            conditions=conditions,
            missing_subject=next((item.subject for item in _fig_3_subjects(validation)), None),
            attention_subjects=self._attention_subjects(),
        )
        study.write(self.out)
        text = report(study, tables, rows, changed, self.published)
        write_whole(self.out / "report.md", text.encode())
        return text

    def _draws(self) -> tuple[list[Features], list[Features]]:
        """Subjects of training and of validation."""
        return read_folder(self.features, "train"), read_folder(self.features, VALIDATION)

    def _check_later_steps(self, train: Sequence[Features], validation: Sequence[Features]) -> None:
        """Refuse before the training what only the steps after it read.

        Raises:
            InputError: Subjects that cannot be trained on together or scored by these models, or a damaged file.
        """
        check_together(train)
        scored = list(validation)
        groups_of(self.features, validation)
        self._is_synthetic()
        if self.test is not None:
            scored += read_folder(self.test)
            groups_of(self.test, scored)
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
        dims = {"audio_dim": first.audio.shape[1], "visual_dim": first.visual.shape[1]}
        settings: dict[str, Any] = dims | {"dim": min(dims.values()), "num_layers": self.tca_layers}
        rows = [row for fusion in self.fusions for row in table_rows(fusion, settings, self.training)]
        return rows, ablations(rows, ABLATED) if ABLATED in self.fusions else []

    def _missing(self, rows: Sequence[Variant], validation: Sequence[Features]) -> pd.DataFrame:
        """Fig 3 of bases and IACA with the extensions; of one subject where it is the paper's."""
        chosen = [
            row for row in rows
            if row.regime == EXTENSIONS and not row.is_control and row.config.fusion not in TABLE_1
        ]  # fmt: skip
        subjects = _fig_3_subjects(validation) or validation
        return missing_clips(self.out, chosen or rows, subjects, device=self.device, jobs=self.jobs)

    def _gates(
        self, variants: Sequence[Variant], validation: Sequence[Features], episodes: Sequence[Episode]
    ) -> pd.DataFrame:
        """Scores of gates: against known episodes, then against the removal of a modality."""
        on_episodes, on_removal = {}, {}
        for variant in variants:
            if not variant.is_gated:
                continue
            models = [load_checkpoint(model_file(self.out, variant.name, s), self.device) for s in range(self.seeds)]
            if episodes:
                together = score_gates(models, validation, episodes, segment_of)
                by_kind = score_gates(models, validation, episodes)
                known = {score.kind for score in together}
                on_episodes[variant.name] = together + [score for score in by_kind if score.kind not in known]
            on_removal[variant.name] = score_faithfulness(models, validation)
        return pd.concat((table_of(on_episodes), table_of(on_removal)), ignore_index=True)

    def _confirmed(self, rows: Sequence[Variant], differences: Sequence[Difference]) -> list[Difference]:
        """Differences on the test draw, for the conditions chosen on validation."""
        if self.test is None:
            return []
        chosen = choose_conditions(rows, differences, ALL)
        test, episodes = read_folder(self.test), _episodes(self.test)
        found = confirm(self.out, chosen, rows, self.seeds, test, episodes, device=self.device, jobs=self.jobs)
        sums = Sums(found, TEST)
        return compare(sums, chosen, groups_in(sums, groups_of(self.test, test)), rows)

    def _draw(self, missing: pd.DataFrame) -> None:
        """Fig 3, and Fig 1 where there are videos."""
        synthetic = self._is_synthetic()
        figures.draw_missing(self.out, missing, synthetic)
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


def _differences(
    rows: Sequence[Difference], changes: Sequence[Difference], confirmed: Sequence[Difference]
) -> pd.DataFrame:
    """All differences in one table: `draw` tells validation from test, `ablation` marks rows compared with IACA."""
    parts = ((rows, VALIDATION, False), (changes, VALIDATION, True), (confirmed, TEST, False))
    table = [d._asdict() | {"draw": draw, "ablation": ablation} for found, draw, ablation in parts for d in found]
    return pd.DataFrame(table, columns=[*Difference._fields, "draw", "ablation"])


def _fig_3_subjects(validation: Sequence[Features]) -> list[Features]:
    """The subject of the paper's Fig 3 where it is there: its clips alone are taken away then."""
    return [item for item in validation if item.subject == figures.PAPER_FIGURE_3]


def _episodes(folder: Path) -> list[Episode]:
    file = folder / EPISODES
    return read_episodes(file) if file.is_file() else []
