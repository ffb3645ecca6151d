"""Named settings: the paper without our deviations, and how its authors' released code trains."""

from __future__ import annotations

from typing import Any

from iaca.config.training import Keep, Optimiser, Schedule

PAPER_STRICT: dict[str, dict[str, Any]] = {
    "fusion": {
        "trunk": "per_target",
        "normalise": "l2",
        "scale_correlation": False,
        "gate_temperature": 0.1,
        "gate_init": "default",
        "stage1_context": "own",
    },
    "training": {"auxiliary_weight": 0.0, "modality_dropout": 0.0},
}

_LOSS_ALONE = {"auxiliary_weight": 0.0, "modality_dropout": 0.0}
_ON_AFF_WILD2 = {
    "batch_windows": 64,
    "schedule": Schedule.LOSS_PLATEAU.value,
    "plateau_patience": 10,
    "late_rate": 1e-3,
    "late_from": 6,
}

PRESETS: dict[str, dict[str, dict[str, Any]]] = {
    "paper_strict": PAPER_STRICT,
    "authors": {
        "training": {
            "optimiser": Optimiser.ADAM.value,
            "learning_rate": 1e-4,
            "weight_decay": 0.0,
            "epochs": 50,
            "keep": Keep.BEST.value,
            **_ON_AFF_WILD2,
            **_LOSS_ALONE,
        },
    },
    "authors_dca": {
        "training": {
            "optimiser": Optimiser.ADAMW.value,
            "learning_rate": 3e-4,
            "weight_decay": 1e-5,
            "epochs": 100,
            "keep": Keep.BEST_PER_TARGET.value,
            **_ON_AFF_WILD2,
            **_LOSS_ALONE,
        },
    },
    "authors_ca": {
        "training": {
            "optimiser": Optimiser.ADAM.value,
            "learning_rate": 1e-4,
            "weight_decay": 0.0,
            "epochs": 60,
            "batch_windows": 16,
            "schedule": Schedule.CONSTANT.value,
            "late_rate": 1e-4,
            "late_from": 16,
            "keep": Keep.BEST_PER_TARGET.value,
            **_LOSS_ALONE,
        },
    },
}
"""Named settings; of several the later wins.

`paper_strict` is the paper without our deviations. The others train as the authors' released code does: `authors` as
that of RJCA and JCA on Aff-Wild2, `authors_dca` as that of DCA, whose gate is the parent of IACA's, and `authors_ca` as
that of CA on RECOLA. From epoch `late_from` e0 on, their loop sets the rate of epoch e to late_rate x
0.8^((e - e0 + 1) // 2) whatever the plateau has made of it. All of them keep the epoch that is best on the validation
subjects (DCA and CA that of each target by itself), so the validation scores that come of it are optimistic.

Choice: their epoch is a pass over all windows; here it is `steps_per_epoch` random batches.
"""
