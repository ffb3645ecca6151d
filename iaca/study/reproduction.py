"""The whole study in one call: what `python -m iaca reproduce` runs."""

from __future__ import annotations

import argparse
import io
import json
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pandas as pd

from iaca.checkpoints import load_checkpoint
from iaca.compute.devices import choose_device
from iaca.config import TrainingConfig
from iaca.data.episodes import read_episodes
from iaca.errors import InputError
from iaca.features.folder import EPISODES, groups_of, read_folder
from iaca.files import write_whole
from iaca.study import figures, report
from iaca.study.confirmation import TEST, choose_conditions, confirm
from iaca.study.gate_truth import score_faithfulness, score_gates, table_of
from iaca.study.missing import missing_clips
from iaca.study.plan import EXTENSIONS, TABLE_1, TABLE_2, Variant, ablations, table_rows
from iaca.study.runs import model_file, run_study, segment_of
from iaca.study.tables import Difference, Sums, by_subject, compare, groups_in, scores
from iaca.types import Episode, Features

VALIDATION = "validation"
QUICK = TrainingConfig(epochs=2, steps_per_epoch=2, batch_windows=4)
ABLATED = "ca"
SYNTHETIC = "**Synthetic corpus**: this says how the models behave, not how they would do on people."
FIGURE_1_MODELS = ("ca", "ca_iaca")


@dataclass(frozen=True, kw_only=True)
class Reproduction:
    """One study.

    Attributes:
        features: Folder of feature files; their split says what each is for.
        out: Folder for everything that is made.
        seeds: Seeds 0 to seeds - 1.
        fusions: Base fusions.
        tca_layers: Layers of transformers.
        test: Folder of features of the test draw; None: nothing is confirmed.
        videos: Folder with videos and, in `features`, feature files for Fig 1; None: no Fig 1.
        published: CSV of published scores; None: none are printed.
        jobs: Models side by side; None: one a core.
        training: How models are trained.
        device: Where.
    """

    features: Path
    out: Path
    seeds: int = 5
    fusions: tuple[str, ...] = (*TABLE_2, *TABLE_1)
    tca_layers: int = 2
    test: Path | None = None
    videos: Path | None = None
    published: Path | None = None
    jobs: int | None = None
    training: TrainingConfig = field(default_factory=TrainingConfig)
    device: str = "cpu"

    @classmethod
    def from_arguments(cls, args: argparse.Namespace) -> Reproduction:
        """What the command line asks for.

        Raises:
            InputError: A number of seeds below 1, or a folder that is not there.
        """
        if args.seeds < 1:
            raise InputError(f"--seeds is {args.seeds}; expected at least 1")
        for name in ("test", "videos"):
            folder = getattr(args, name)
            if folder is not None and not folder.is_dir():
                raise InputError(f"--{name} is {folder}, which is no folder")
        default_test = args.features / TEST
        return cls(
            features=args.features,
            out=args.out,
            seeds=args.seeds,
            fusions=tuple(args.fusion or cls.fusions),
            tca_layers=args.tca_layers,
            test=args.test or (default_test if default_test.is_dir() else None),
            videos=args.videos,
            published=args.published,
            jobs=args.jobs,
            training=QUICK if args.quick else TrainingConfig(),
            device=str(choose_device(args.device)),
        )

    def run(self) -> str:
        """Do what is missing, write results, figures and report, and return the report."""
        began = time.perf_counter()
        train, validation = read_folder(self.features, "train"), read_folder(self.features, VALIDATION)
        episodes = _episodes(self.features)
        published = _read_published(self.published)
        rows, changed = self._variants(train[0])
        results = run_study(
            train, {VALIDATION: validation}, [*rows, *changed], self.seeds, self.out, episodes=episodes,
            device=self.device, jobs=self.jobs,
        )  # fmt: skip
        sums = Sums(results, VALIDATION)
        groups = groups_in(sums, groups_of(self.features, validation))
        differences = compare(sums, rows, groups)
        # First of all: where another choice was confirmed before, it refuses, and nothing is overwritten.
        confirmed, confirmation = self._confirmed(rows, differences)
        _write_table(self.out / "results.parquet", results)
        frames = int(sums.of(rows[0].name, "valence", groups[0])[0, :, 0].sum())
        about = (
            f"{self.seeds} seeds; {len(train)} training subjects; {len(validation)} validation subjects, {frames:,} "
            f"annotated frames, clip stride {validation[0].clip_stride}."
        )
        parts = [f"{g.name}: {len(g.subjects)}" for g in groups if g.name in report.SUBJECT_GROUPS[1:]]
        about += f" {', '.join(parts)}." if parts else ""
        missing, subject = self._missing(rows, validation)
        _write_table(self.out / "missing.parquet", missing)
        told, faithful = self._gates(rows, validation, episodes)
        _write_table(self.out / "gates.parquet", pd.concat((told, faithful), ignore_index=True))
        titles = {v.name: v.title + (f", {v.regime}" if v.regime != EXTENSIONS else "") for v in [*rows, *changed]}
        synthetic = self._is_synthetic()
        changes = compare(sums, changed, groups[:1], rows)
        _write_table(self.out / "scores.parquet", scores(sums, [*rows, *changed], groups))
        _write_table(self.out / "subjects.parquet", by_subject(sums, [*rows, *changed]))
        _write_table(self.out / "differences.parquet", _differences(differences, changes, confirmed))
        parts = [
            "# Does IACA help, when, and do its gates tell the truth?",
            "",
            *(
                ["**Synthetic corpus**: this says how the models behave, not how they would do on people.", ""]
                * synthetic
            ),
            about,
            "",
            "## What follows",
            "",
            report.statements(rows, differences, VALIDATION),
            confirmation,
            "## Scores",
            "",
            "CCC, mean ± standard deviation over seeds [95 % bootstrap interval over subjects and seeds].",
            "",
            report.scores_section(sums, rows, groups, published),
            report.differences_section([d for d in differences if _is_told(d.variant, rows, d.group)]),
        ]
        if changed:
            whole = next(v for v in rows if v.name == changed[0].base)
            parts.append(report.ablation_section(changes, whole.title))
        parts += [report.missing_section(missing, subject), report.gates_section(told, faithful, titles)]
        parts.append(self._figures(missing, synthetic))
        text = "\n".join(parts)
        write_whole(self.out / "report.md", text.encode())
        self._log_time(time.perf_counter() - began, results)
        return text

    def _variants(self, first: Features) -> tuple[list[Variant], list[Variant]]:
        dims = {"audio_dim": first.audio.shape[1], "visual_dim": first.visual.shape[1]}
        settings: dict[str, Any] = dims | {"dim": min(dims.values()), "num_layers": self.tca_layers}
        rows = [row for fusion in self.fusions for row in table_rows(fusion, settings, self.training)]
        return rows, ablations(rows, ABLATED) if ABLATED in self.fusions else []

    def _missing(self, rows: Sequence[Variant], validation: Sequence[Features]) -> tuple[pd.DataFrame, str | None]:
        """Fig 3 of bases and IACA with the extensions; of one subject where it is the paper's."""
        chosen = [
            row for row in rows
            if row.regime == EXTENSIONS and not row.is_control and row.config.fusion not in TABLE_1
        ]  # fmt: skip
        papers = [item for item in validation if item.subject == figures.PAPER_FIGURE_3]
        table = missing_clips(self.out, chosen or rows, papers or validation, device=self.device, jobs=self.jobs)
        return table, papers[0].subject if papers else None

    def _gates(
        self, variants: Sequence[Variant], validation: Sequence[Features], episodes: Sequence[Episode]
    ) -> tuple[pd.DataFrame, pd.DataFrame]:
        gated = [variant for variant in variants if variant.is_gated]
        told, faithful = {}, {}
        for variant in gated:
            models = [load_checkpoint(model_file(self.out, variant.name, s), self.device) for s in range(self.seeds)]
            if episodes:
                own = score_gates(models, validation, episodes, segment_of)
                apart = score_gates(models, validation, episodes)
                told[variant.name] = own + [one for one in apart if one.kind not in {s.kind for s in own}]
            faithful[variant.name] = score_faithfulness(models, validation)
        return table_of(told), table_of(faithful)

    def _confirmed(self, rows: Sequence[Variant], differences: Sequence[Difference]) -> tuple[list[Difference], str]:
        """What the test draw says of the chosen conditions, and that in words."""
        if self.test is None:
            return [], ""
        chosen = choose_conditions(rows, differences, report.ALL)
        test, episodes = read_folder(self.test), _episodes(self.test)
        found = confirm(self.out, chosen, rows, self.seeds, test, episodes, device=self.device, jobs=self.jobs)
        sums = Sums(found, TEST)
        told = compare(sums, chosen, groups_in(sums, groups_of(self.test, test)), rows)
        lines = [
            f"Confirmation on {len(test)} test subjects, on whom nothing was chosen:",
            "",
            report.statements(chosen, told, TEST),
            report.conditions_section(rows, chosen),
        ]
        return told, "\n".join(lines)

    def _figures(self, missing: pd.DataFrame, synthetic: bool) -> str:
        figures.draw_missing(self.out, missing, synthetic)
        lines = ["## Figures", "", "- Fig 3: figures/missing-audio.svg, figures/missing-visual.svg (and PNG)"]
        if self.videos is None:
            lines.append("- Fig 1: not drawn; it needs --videos ROOT, with features in ROOT/features")
        elif ABLATED in self.fusions:
            models = [load_checkpoint(model_file(self.out, name), self.device) for name in FIGURE_1_MODELS]
            _, subjects = figures.draw_attention(self.out, models, self.videos, self.videos / "features", synthetic)
            lines.append(f"- Fig 1, of {' and '.join(subjects)}: figures/attention.svg (and PNG)")
        return "\n".join([*lines, ""])

    def _is_synthetic(self) -> bool:
        """Whether any folder above the features, or with the videos, is that of a synthetic corpus."""
        for folder in filter(None, (self.features, self.features.parent, self.videos)):
            file = folder / "corpus.json"
            if file.is_file():
                return bool(json.loads(file.read_text(encoding="utf-8")).get("synthetic"))
        return False

    def _log_time(self, seconds: float, results: pd.DataFrame) -> None:
        """Beside the report and not in it: a run again prints the same report, in another time."""
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


def _is_told(name: str, rows: Sequence[Variant], group: str) -> bool:
    """Differences by kind of frame are printed for IACA alone, not for its controls."""
    variant = next(row for row in rows if row.name == name)
    return group in report.SUBJECT_GROUPS or variant.is_gated


def _episodes(folder: Path) -> list[Episode]:
    file = folder / EPISODES
    return read_episodes(file) if file.is_file() else []


def _read_published(file: Path | None) -> list[report.Published]:
    if file is None:
        return []
    try:
        table = pd.read_csv(file)
        return [report.Published(str(r.model), float(r.valence), float(r.arousal)) for r in table.itertuples()]
    except (OSError, ValueError, AttributeError) as error:
        raise InputError(f"{file} cannot be read ({error}); expected columns model,valence,arousal") from error


def _write_table(file: Path, table: pd.DataFrame) -> None:
    buffer = io.BytesIO()
    table.to_parquet(buffer, index=False)
    write_whole(file, buffer.getvalue())
