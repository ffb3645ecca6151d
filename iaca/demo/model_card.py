"""The model card of what ships: every file, what it is, what it was made from, and what the study says of it."""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from iaca.checkpoints import load_backbone, load_checkpoint
from iaca.config import TARGETS
from iaca.study.tables import markdown

INTENT = """# Model card

Models of valence and arousal in [-1, 1], frame by frame, for the dashboard's embedded corpus and for the study that
ships with it.

- **Trained on a synthetic corpus alone**: drawn faces and synthesised voices, from `python -m iaca demo train`. What
  they say of real people means nothing; they are here to show what fusion and gates do, and to be replaced by yours.
- **Who taught them**: the backbones learnt from other people than the fusion models, and neither met those who are
  shown, scored or tested ({people}).
- **Recipe of the visual backbone**: chosen by its CCC on the validation people, so absolute scores there are
  optimistic; the test draw had no part in it.
- **Precision**: weights are stored in half precision and scored as stored; computation is in single precision.
- **Not for**: judging anybody's feelings. Labels are what raters would perceive, not what a person feels.
- `python -m iaca describe FILE --json` prints everything that a file says of itself.
"""


def model_card(checkpoints: Path, results: Path, people: str) -> str:
    """The card, as Markdown.

    Args:
        checkpoints: Folder of the files that ship.
        results: Folder of the study that made them.
        people: How many people each part of the corpus has, in words.

    Returns:
        What they are for, one table of backbones and one of fusion models. Scores are those of the study's report:
        means over seeds of models trained like the file, which is the one of seed 0.
    """
    backbones, models = [], []
    scores = pd.read_parquet(results / "scores.parquet")
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
        row = {"file": name, "model": own.model.iloc[0]}
        row["parameters"] = f"{sum(p.numel() for p in checkpoint.model.parameters()):,}"
        row |= {f"CCC {target}": f"{own.ccc[target]:.3f} ± {own.sd[target]:.3f}" for target in TARGETS}
        models.append(row)
    return "\n".join(
        [
            INTENT.format(people=people),
            "## Fusion models",
            "",
            "CCC on the validation people, mean ± standard deviation over seeds, as in `demo/results/report.md`.",
            "",
            markdown(pd.DataFrame(models)),
            "",
            "## Backbones",
            "",
            markdown(pd.DataFrame(backbones)),
            "",
        ]
    )
