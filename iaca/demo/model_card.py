"""The model card of what ships: every file, what it is, what it was made from, and what the study says of it."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pandas as pd

from iaca.checkpoints import load_backbone, load_checkpoint
from iaca.config import TARGETS
from iaca.inference import gate_health, infer
from iaca.study.findings import Study
from iaca.study.formatting import markdown
from iaca.types import Features

INTENT = """# Model card

Models of valence and arousal in [-1, 1], frame by frame, for the dashboard's embedded corpus and for the study that
ships with it.

- **Trained on a synthetic corpus alone**: drawn faces and synthesised voices, made by `python -m iaca demo train`.
  Their predictions mean nothing for real people. They show what fusion and gates do until you put in models of yours.
- **Training data**: the backbones and the fusion models were trained on different people, and on none of those who are
  shown, scored or tested ({people}).
- **Recipe of the visual backbone**: chosen by its CCC on the validation subjects, so absolute scores on them are
  optimistic. The test subjects had no part in it.
- **Precision**: weights are stored in half precision and scored as stored; computation is in single precision.
- **Not for** judging anybody's feelings. Labels are what raters would perceive, not what a person feels.
- `python -m iaca describe FILE --json` prints everything that a file says about itself.
"""


def model_card(checkpoints: Path, results: Path, people: str, validation: Sequence[Features]) -> str:
    """The card, as Markdown.

    Args:
        checkpoints: Folder of the files that ship.
        results: Folder of the study that made them.
        people: How many people each part of the corpus has, in words.
        validation: Features of the validation subjects, over whom gates are watched.

    Returns:
        What they are for, one table of backbones and one of fusion models. Scores are those of the study's report:
        means over seeds of models trained like the file, which is of the seed that is nearest the mean.
    """
    backbones, models, dead = [], [], []
    study, scores = Study.read(results), pd.read_parquet(results / "scores.parquet")
    for file in sorted(checkpoints.glob("*.safetensors")):
        name = f"`{file.name}`"
        if file.stem.endswith("_slim"):
            backbone = load_backbone(file)
            network = f"{backbone.config.arch.value}, {backbone.config.modality}, {backbone.config.dim} values"
            size = f"{sum(p.numel() for p in backbone.model.parameters()):,}"
            backbones.append({"file": name, "network": network, "parameters": size})
            continue
        checkpoint = load_checkpoint(file)
        own = scores[(scores.variant == file.stem) & (scores.group == "all")].set_index("target")
        row = {"file": name, "model": own.model.iloc[0], "seed": str(study.typical_seeds[file.stem])}
        row["parameters"] = f"{sum(p.numel() for p in checkpoint.model.parameters()):,}"
        row |= {f"CCC {target}": f"{own.ccc[target]:.3f} ± {own.sd[target]:.3f}" for target in TARGETS}
        models.append(row)
        if checkpoint.config.iaca:
            health = gate_health([infer(item, checkpoint) for item in validation])
            dead += [f"- {name}: {gate.sentence}" for gate in health if gate.is_dead]
    return "\n".join(
        [
            INTENT.format(people=people),
            "## Fusion models",
            "",
            f"CCC on the {study.validation_subjects} validation subjects, mean ± standard deviation over {study.seeds} "
            "seeds, as in `demo/results/report.md`; the file is of the seed that is nearest the mean.",
            "",
            markdown(pd.DataFrame(models)),
            "",
            "## Gates that do nothing",
            "",
            f"Over all clips of the {len(validation)} validation subjects whose features ship, in the files that ship "
            "(`demo/results/report.md` has every seed):",
            "",
            *(dead or ["- none"]),
            "",
            "## Backbones",
            "",
            markdown(pd.DataFrame(backbones)),
            "",
        ]
    )
