"""Load a model and a recording, ask what the model says, and draw it: `python examples/load_and_infer.py OUT`.

Writes OUT/curves.svg for a paper and OUT/curves.html to look into.
"""

from __future__ import annotations

import sys
from pathlib import Path

import iaca
from iaca.config import DropoutConfig
from iaca.resources import shipped

out = Path(sys.argv[1] if len(sys.argv) > 1 else "runs/examples")
out.mkdir(parents=True, exist_ok=True)

features = iaca.load_features(shipped("demo") / "features" / "weak-face-09.safetensors")
base, gated = iaca.load_checkpoint("ca"), iaca.load_checkpoint("ca_iaca")
print(features, gated, sep="\n\n")

# A Trace has one row a frame: predictions, gate weights and attention scores, on the clock of the video.
traces = [iaca.infer(features, model) for model in (base, gated)]
for trace in traces:
    print(f"\n{trace}")
print(traces[1].frames[["pts_s", "valence_truth", "valence", "valence_stage2_joint"]].iloc[::250])

# The same with four tenths of the sound lost in one block.
lost = iaca.infer(features, gated, [DropoutConfig(share=0.4, pattern="block", seed=1)])
print(f"\nvalence CCC without dropout {traces[1].scores['valence'].ccc:.3f}, with {lost.scores['valence'].ccc:.3f}")

iaca.save_figure(out / "curves.svg", *traces, gates_of="valence")
iaca.plot(*traces).write_html(out / "curves.html", include_plotlyjs=True)
print(f"\n{out / 'curves.svg'}, {out / 'curves.html'}")
