"""python -m iaca relationships: do conflict and dominance mark the episodes in which something is known to be wrong?"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from iaca.commands import CommandError, add_device, add_log, add_plugin
from iaca.commands.refusals import as_path, check_different, check_files, check_folders, check_word

if TYPE_CHECKING:
    from iaca.checkpoints import Checkpoint
    from iaca.study.relationship_control import Case, Marks
    from iaca.types import Episode


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    parser.add_argument("--features", type=as_path, required=True, metavar="DIR", help="folder of feature files")
    parser.add_argument(
        "--checkpoint", type=as_path, required=True, nargs="+", metavar="FILE", help="models to look at"
    )
    parser.add_argument(
        "--episodes", type=as_path, metavar="CSV",
        help="known episodes (default: episodes.csv in --features, or beside that folder)",
    )  # fmt: skip
    parser.add_argument("--split", help="only subjects of this split (default: all)")
    parser.add_argument(
        "--threshold", type=float, nargs="+", metavar="SIZE",
        help="influences from which a modality counts (default: six from 0.02 to 0.3)",
    )  # fmt: skip
    parser.add_argument("--csv", action="store_true", help="the table as CSV on stdout")
    add_device(parser)
    add_log(parser)
    add_plugin(parser)


def run(args: argparse.Namespace) -> None:
    """Print what each threshold marks in episodes and on clean frames."""
    from iaca.commands.many_subjects import each_subject, feature_files
    from iaca.compute.devices import choose_device
    from iaca.compute.engine import HERE
    from iaca.data.episodes import by_subject, read_episodes
    from iaca.features.feature_files import SPLITS, read_feature_header
    from iaca.features.folder import EPISODES
    from iaca.inference.placing import load_where_it_fits
    from iaca.study.relationship_control import MARKS, THRESHOLDS, as_table, best_threshold, control

    check_word("--split", args.split, SPLITS)
    check_folders("--features", [args.features])
    check_files("--episodes", [args.episodes])
    check_different("--checkpoint", args.checkpoint)
    thresholds = args.threshold or THRESHOLDS
    for threshold in thresholds:
        if not 0 < threshold < float("inf"):
            raise CommandError(f"--threshold is {threshold}; expected numbers above 0")
    places = [args.episodes] if args.episodes else [args.features / EPISODES, args.features.parent / EPISODES]
    file = next((place for place in places if place.is_file()), None)
    if file is None:
        raise CommandError(
            f"{args.features} has no {EPISODES} in it or beside it; expected known episodes, or --episodes"
        )
    device = choose_device(args.device)
    checkpoints = [load_where_it_fits(path, device) for path in args.checkpoint]
    known = by_subject(read_episodes(file))
    subjects: dict[str, Path] = {}
    for one in feature_files(args.features, args.split, ()):
        subject = read_feature_header(one)["subject"]
        if (other := subjects.get(subject)) is not None:
            raise CommandError(f"{one} and {other} are both of subject {subject!r}; expected one file a subject")
        if subject in known:
            subjects[subject] = one
    if not subjects:
        raise CommandError(f"{file} names no subject of {args.features}; expected episodes of some of them")
    task = _Task(checkpoints, known, tuple(thresholds))
    counted = each_subject(_counted, task, list(subjects.values()), checkpoints, HERE, "influence")
    rows = control(of_one for _, of_one in counted)
    table = as_table(rows)
    if args.csv:
        table.to_csv(sys.stdout, index=False, lineterminator="\n")
        return
    print(f"{len(subjects)} subjects with episodes. marked: share of frames in episodes; false_alarms: on clean frames")
    print(table.drop(columns=["frames", "clean"]).to_string(index=False, float_format=lambda value: f"{value:.2f}"))
    for mark in MARKS:
        threshold, gain = best_threshold(rows, mark)
        print(f"{mark}: marks most beyond its false alarms from {threshold:g} on, by {gain:+.3f} over all episodes")


class _Task(NamedTuple):
    """What all subjects share; episodes by subject."""

    checkpoints: Sequence[Checkpoint]
    episodes: Mapping[str, Sequence[Episode]]
    thresholds: tuple[float, ...]


def _counted(task: _Task, file: Path) -> dict[Case, Marks]:
    """What is marked of a subject."""
    from iaca.features.feature_files import read_features
    from iaca.study.relationship_control import count_marks

    features = read_features(file)
    return count_marks(features, task.checkpoints, task.episodes[features.subject], task.thresholds)
