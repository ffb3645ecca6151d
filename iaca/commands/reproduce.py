"""python -m iaca reproduce: does IACA help, when, on the given features."""

from __future__ import annotations

import argparse
import io
from pathlib import Path

from iaca.commands import add_device, add_plugin, groups_of, read_folder

FUSIONS = ("concat", "ca", "tca", "jca", "rjca")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    parser.add_argument("--features", type=Path, required=True, metavar="DIR", help="folder of feature files")
    parser.add_argument("--out", type=Path, required=True, metavar="DIR", help="folder for results and report.md")
    parser.add_argument("--seeds", type=int, default=3, help="seeds 0 to N-1 (default: 3)")
    parser.add_argument("--fusion", nargs="+", default=FUSIONS, help=f"base fusions (default: {' '.join(FUSIONS)})")
    parser.add_argument("--tca-layers", type=int, default=2, metavar="N", help="layers of TCA (default: 2)")
    add_device(parser)
    add_plugin(parser)


def run(args: argparse.Namespace) -> None:
    """Train what is missing, then write results.parquet and report.md and print the report."""
    from iaca import study, study_models
    from iaca.data.episodes import read_episodes
    from iaca.devices import choose_device
    from iaca.files import write_whole

    train = read_folder(args.features, "train")
    validation = read_folder(args.features, "validation")
    dims = {"audio_dim": train[0].audio.shape[1], "visual_dim": train[0].visual.shape[1]}
    settings = dims | {"dim": min(dims.values()), "num_layers": args.tca_layers}
    variants = [variant for fusion in args.fusion for variant in study.variants_of(fusion, settings)]
    device = str(choose_device(args.device))
    results = study.run_study(train, validation, variants, args.seeds, args.out, device=device)
    buffer = io.BytesIO()
    results.to_parquet(buffer, index=False)
    write_whole(args.out / "results.parquet", buffer.getvalue())
    groups = groups_of(args.features, validation)
    parts = [
        study.report(results, variants, groups, validation[0].clip_stride),
        study_models.robustness_report(args.out, variants, validation, device),
    ]
    if (args.features / "episodes.csv").is_file():
        episodes = read_episodes(args.features / "episodes.csv")
        parts.append(study_models.gates_report(args.out, variants, validation, episodes, device))
    text = "\n".join(parts)
    write_whole(args.out / "report.md", text.encode())
    print(text)
