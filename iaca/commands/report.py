"""python -m iaca report: how one or two models do on a folder of features, as one HTML file."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from iaca.commands import CommandError, add_device, add_engine, add_log, add_plugin, engine_of
from iaca.commands.many_subjects import Models, loaded
from iaca.commands.refusals import as_path, check_files, check_folders, check_positive, check_seed_given, check_word
from iaca.files import check_writable, file_sha256, write_whole

if TYPE_CHECKING:
    from iaca.config import WhatIf
    from iaca.study.overview_table import Pair
    from iaca.types import Episode, Trace

PATTERNS = ("scattered", "block")
SETTINGS = (
    "split", "subjects", "drop_audio", "drop_visual", "pattern", "seed", "gate_temperature", "threshold", "device",
)  # fmt: skip


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    parser.add_argument("--features", type=as_path, required=True, metavar="DIR", help="folder of feature files")
    parser.add_argument("--checkpoint", type=as_path, required=True, nargs="+", metavar="FILE",
                        help="a model, or two: the second is compared with the first")  # fmt: skip
    parser.add_argument("--out", type=as_path, required=True, metavar="FILE", help="page to write: .html")
    parser.add_argument("--split", help="only subjects of this split (default: all)")
    parser.add_argument("--subjects", nargs="+", default=[], metavar="NAME", help="only these subjects")
    parser.add_argument(
        "--drop-audio", type=float, default=0.0, metavar="SHARE", help="share of clips that lose the audio, 0 to 1"
    )
    parser.add_argument(
        "--drop-visual", type=float, default=0.0, metavar="SHARE", help="share of clips that lose the face, 0 to 1"
    )
    parser.add_argument("--pattern", default="scattered", help="scattered or block (default: scattered)")
    parser.add_argument("--seed", type=int, default=0, help="seed of the draw (default: 0)")
    parser.add_argument("--gate-temperature", type=float, help="use another temperature of the gates, above 0")
    parser.add_argument("--threshold", type=float, metavar="SIZE",
                        help="influence from which a modality counts for the relationship (default: 0.1)")  # fmt: skip
    parser.add_argument("--notes", type=as_path, metavar="FILE",
                        help="notes and saved views to put into it, with figures of the noted moments: the file that "
                        "the page's Notes exports, or the one in which it keeps them")  # fmt: skip
    add_engine(parser, "subjects")
    add_device(parser)
    add_log(parser)
    add_plugin(parser)


def run(args: argparse.Namespace) -> None:
    """Measure every subject and write the page, beside and then renamed."""
    _check(args)
    engine = engine_of(args)
    from tqdm import tqdm

    from iaca.commands.many_subjects import beside, each_subject, feature_files, models_for
    from iaca.compute.devices import choose_device
    from iaca.config import DropoutConfig, GateOverrides, WhatIf
    from iaca.data.episodes import by_subject
    from iaca.data.notes import Written, read_notes
    from iaca.features.feature_files import read_features
    from iaca.inference.influence import THRESHOLD
    from iaca.inference.placing import load_where_it_fits
    from iaca.study.corpus_report import corpus_report
    from iaca.study.curve_tables import Curves
    from iaca.study.noted_moments import NotedError, NotedMoments
    from iaca.study.provenance import features_fingerprint

    written = Written() if args.notes is None else read_notes(args.notes)
    threshold = THRESHOLD if args.threshold is None else args.threshold
    shares = (("audio", args.drop_audio), ("visual", args.drop_visual))
    dropouts = tuple(
        DropoutConfig(modality=modality, share=share, pattern=args.pattern, seed=args.seed)
        for modality, share in shares
    )
    change = WhatIf(dropouts=dropouts, gates=GateOverrides(temperature=args.gate_temperature))
    device = choose_device("cpu" if engine.is_ray else args.device)
    check_writable(args.out.parent, "the report")
    checkpoints = [load_where_it_fits(path, device) for path in args.checkpoint]
    files = feature_files(args.features, args.split, args.subjects)
    episodes, description = beside(args.features)
    conditions = {} if description is None else description.conditions

    task = _Task(models_for(checkpoints, engine), change, by_subject(episodes), conditions, threshold)
    found = dict(each_subject(_measured, task, files, checkpoints, engine, "report"))
    pairs = [found[file] for file in files]
    titles = [one.title for one in checkpoints]
    if len(set(titles)) < len(titles):
        titles = [f"{one.title} ({one.path.name})" for one in checkpoints]
    facts = {
        f"Model {title}": f"{one.path.name}, SHA-256 {file_sha256(one.path)}"
        for title, one in zip(titles, checkpoints, strict=True)
    }
    digest = features_fingerprint(files)
    facts["Features"] = f"{len(files)} files of {args.features.name}, SHA-256 of their hashes {digest}"
    settings = {name: getattr(args, name) for name in SETTINGS}
    facts["Settings"] = ", ".join(f"{name.replace('_', ' ')} {value}" for name, value in settings.items() if value)
    names = {pair.gated.subject: file for pair, file in zip(pairs, files, strict=True)}
    curves = Curves(change.dropouts, change.gates, None)

    def traces_of(subject: str) -> list[Trace]:
        if subject not in names:
            raise NotedError(f"{subject} is not among the subjects of this report")
        features = read_features(names[subject])
        return [curves.trace(features, checkpoint) for checkpoint in checkpoints]

    synthetic = description is not None and description.synthetic
    with tqdm(total=len(written.notes), desc="notes", unit="note", disable=None if written.notes else True) as bar:
        page = corpus_report(
            pairs, titles, facts, synthetic=synthetic, threshold=threshold, written=written,
            draw=NotedMoments(traces_of).figure, progress=lambda done, total, title="": bar.update(done - bar.n),
        )  # fmt: skip
    write_whole(args.out, page.encode())
    print(f"{len(pairs)} subjects, {', '.join(titles)} -> {args.out}")


class _Task(NamedTuple):
    """What all subjects share."""

    models: Models
    change: WhatIf
    episodes: dict[str, list[Episode]]
    conditions: dict[str, str]
    threshold: float


def _measured(task: _Task, file: Path) -> Pair:
    """The measures of a subject."""
    from iaca.features.feature_files import read_features
    from iaca.study.overview import measure
    from iaca.study.overview_table import Pair

    features = read_features(file)
    made = [
        measure(features, checkpoint, task.change, task.episodes.get(features.subject, ()), task.threshold)
        for checkpoint in loaded(task.models)
    ]
    return Pair(made[0] if len(made) > 1 else None, made[-1], task.conditions.get(features.subject, ""))


def _check(args: argparse.Namespace) -> None:
    from iaca.features.feature_files import SPLITS

    if args.out.suffix != ".html" or args.out.is_dir():
        raise CommandError(f"--out is {args.out}; expected a name that ends in .html")
    if len(args.checkpoint) > 2:
        raise CommandError(f"--checkpoint names {len(args.checkpoint)} models; expected one or two")
    if len(set(args.checkpoint)) < len(args.checkpoint):
        raise CommandError(f"--checkpoint names {args.checkpoint[0]} twice; expected two models")
    check_word("--pattern", args.pattern, PATTERNS)
    check_word("--split", args.split, SPLITS)
    check_seed_given(args.seed)
    check_positive("--gate-temperature", args.gate_temperature)
    check_positive("--threshold", args.threshold)
    check_folders("--features", [args.features])
    check_files("--notes", [args.notes])
