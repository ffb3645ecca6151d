"""python -m iaca events: where in a folder of subjects all of some conditions on the curves of a model are met."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from iaca.commands import add_device, add_engine, add_log, add_plugin, engine_of
from iaca.commands.many_subjects import Models, loaded
from iaca.commands.refusals import (
    as_path,
    check_different,
    check_files,
    check_folders,
    check_positive,
    check_seed_given,
    check_word,
)

if TYPE_CHECKING:
    from iaca.config import DropoutConfig, GateOverrides
    from iaca.inference.conditions import Events, Query
    from iaca.types import Episode

PATTERNS = ("scattered", "block")

LINES = """
Columns are those that `predict --influence` writes, such as valence_stage2_visual, arousal_truth, has_face or
valence_relationship; valence_error and arousal_error, the distance from the annotation; and face and voice, what is
known of them: wrong (any of the four that follow), corrupted, restrained, another person, contradicting, or clean.
Numbers are compared by >, >=, < and <=, words by `is` and `is not`, has_face and its like with yes and no. Missing data
is never a hit: a value that is not there, and a frame without a face or sound unless a condition is on has_face or
has_audio.
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    parser.epilog = LINES
    parser.add_argument("--features", type=as_path, required=True, metavar="DIR", help="folder of feature files")
    parser.add_argument(
        "--checkpoint", type=as_path, required=True, nargs="+", metavar="FILE", help="models whose curves are searched"
    )
    parser.add_argument(
        "--where", action="append", required=True, metavar="CONDITION",
        help="as in 'valence_stage2_visual > 0.7' or 'face is corrupted'; all that are given have to be met",
    )  # fmt: skip
    parser.add_argument(
        "--for", type=float, default=0.0, dest="at_least_s", metavar="SECONDS", help="shortest event (default: 0)"
    )
    parser.add_argument("--threshold", type=float, metavar="SIZE",
                        help="influence from which a modality counts for a relationship (default: 0.1)")  # fmt: skip
    parser.add_argument("--counts", action="store_true", help="a line for each subject in place of one for each event")
    parser.add_argument("--split", help="only subjects of this split (default: all)")
    parser.add_argument("--subjects", nargs="+", default=[], metavar="NAME", help="only these subjects")
    parser.add_argument(
        "--episodes", type=as_path, metavar="CSV",
        help="known episodes (default: episodes.csv in --features, or beside that folder)",
    )  # fmt: skip
    parser.add_argument(
        "--drop-audio", type=float, default=0.0, metavar="SHARE", help="share of clips that lose the audio, 0 to 1"
    )
    parser.add_argument(
        "--drop-visual", type=float, default=0.0, metavar="SHARE", help="share of clips that lose the face, 0 to 1"
    )
    parser.add_argument("--pattern", default="scattered", help="scattered or block (default: scattered)")
    parser.add_argument("--seed", type=int, default=0, help="seed of the draw (default: 0)")
    parser.add_argument("--gate-temperature", type=float, help="use another temperature of the gates, above 0")
    add_engine(parser, "subjects")
    add_device(parser)
    add_log(parser)
    add_plugin(parser)


def run(args: argparse.Namespace) -> None:
    """Print the events as CSV, and on stderr how many there are."""
    from iaca.inference.conditions import COUNT_COLUMNS, EVENT_COLUMNS, count_row, event_rows, query_of
    from iaca.inference.influence import THRESHOLD

    query = query_of(args.where, args.at_least_s, THRESHOLD if args.threshold is None else args.threshold)
    _check(args)
    engine = engine_of(args)
    import pandas as pd

    from iaca.checkpoints import load_checkpoint
    from iaca.commands.many_subjects import each_subject, feature_files, models_for
    from iaca.compute.devices import choose_device
    from iaca.config import DropoutConfig, GateOverrides
    from iaca.data.corpus_description import read_description
    from iaca.data.episodes import by_subject, read_episodes
    from iaca.features.folder import EPISODES

    dropouts = tuple(
        DropoutConfig(modality=modality, share=share, pattern=args.pattern, seed=args.seed)
        for modality, share in (("audio", args.drop_audio), ("visual", args.drop_visual))
    )
    gates = GateOverrides(temperature=args.gate_temperature)
    device = choose_device("cpu" if engine.is_ray else args.device)
    files = feature_files(args.features, args.split, args.subjects)
    places = (args.features, args.features.parent)
    beside = next((place / EPISODES for place in places if (place / EPISODES).is_file()), None)
    table_file: Path | None = args.episodes or beside
    known = {} if table_file is None else by_subject(read_episodes(table_file))
    for place in places:
        found = read_description(place)
        known = {name: [] for name in found.conditions if found.synthetic} | known
    checkpoints = [load_checkpoint(path, device) for path in args.checkpoint]

    task = _Task(models_for(checkpoints, engine), query, dropouts, gates, known)
    found_in = dict(each_subject(_found, task, files, checkpoints, engine, "events"))
    parts = [one for file in files for one in found_in[file]]
    if args.counts:
        table = pd.DataFrame([count_row(one, *names) for *names, one in parts], columns=list(COUNT_COLUMNS))
    else:
        rows = [row for _, model, one in parts for row in event_rows(one, model)]
        table = pd.DataFrame(rows, columns=list(EVENT_COLUMNS))
    table.to_csv(sys.stdout, index=False, lineterminator="\n")
    for checkpoint in checkpoints:
        mine = [(subject, one.events) for subject, model, one in parts if model == checkpoint.name]
        seconds = sum(event.end_s - event.start_s for _, events in mine for event in events)
        print(
            f"{checkpoint.name}: {sum(len(events) for _, events in mine)} events in "
            f"{sum(bool(events) for _, events in mine)} of {len(mine)} subjects, {seconds:.1f} s in all",
            file=sys.stderr,
        )


class _Task(NamedTuple):
    """What all subjects share; of those in `known` something is known: their episodes, or that they have none."""

    models: Models
    query: Query
    dropouts: tuple[DropoutConfig, ...]
    gates: GateOverrides
    known: Mapping[str, Sequence[Episode]]


def _found(task: _Task, file: Path) -> list[tuple[str, str, Events]]:
    """Name of the subject, name of the model and events, for each model."""
    from iaca.features.feature_files import read_features
    from iaca.inference import add_influence, infer
    from iaca.inference.conditions import find_events

    features = read_features(file)
    own = task.known.get(features.subject)
    made = []
    for checkpoint in loaded(task.models):
        trace = infer(features, checkpoint, task.dropouts, gates=task.gates)
        if task.query.needs_influence:
            trace = add_influence(trace, features, checkpoint, task.dropouts, gates=task.gates)
        made.append((features.subject, checkpoint.name, find_events(trace, task.query, own)))
    return made


def _check(args: argparse.Namespace) -> None:
    from iaca.features.feature_files import SPLITS

    check_folders("--features", [args.features])
    check_files("--episodes", [args.episodes])
    check_word("--split", args.split, SPLITS)
    check_word("--pattern", args.pattern, PATTERNS)
    check_seed_given(args.seed)
    check_positive("--gate-temperature", args.gate_temperature)
    check_different("--checkpoint", args.checkpoint)
