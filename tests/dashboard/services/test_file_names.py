"""Names of files say what is inside."""

from __future__ import annotations

import pytest

from dashboard.services.file_names import change_part, models_part, stem
from iaca.config import CorruptionConfig, DropoutConfig, ForcedGates, GateOverrides, WhatIf


@pytest.mark.parametrize(
    ("change", "part"),
    [
        (WhatIf(), ""),
        (WhatIf(dropouts=(DropoutConfig(share=0.4),)), "audio-dropped-40pct-scattered"),
        (WhatIf(dropouts=(DropoutConfig(share=0.4, pattern="block", seed=3),)), "audio-dropped-40pct-block-seed3"),
        (
            WhatIf(dropouts=(DropoutConfig(modality="visual", pattern="range", start_s=1, end_s=2.5),)),
            "visual-dropped-1.00-2.50s",
        ),
        (
            WhatIf(corruptions=(CorruptionConfig(strength=-10), CorruptionConfig(kind="blur", strength=4))),
            "white-noise--10dB_blur-4px",
        ),
        (
            WhatIf(gates=GateOverrides(temperature=0.5, forced=ForcedGates(stage1="cross", stage2="audio"))),
            "T0.5_stage1-cross_stage2-audio",
        ),
    ],
)
def test_every_change_has_a_name_of_its_own(change, part):
    assert change_part(change) == part


def test_a_name_holds_whose_which_models_and_what_is_changed_and_nothing_that_a_file_system_refuses():
    assert models_part(["CA", "CA+IACA", "CA"]) == "ca-vs-ca_iaca-vs-ca_3"
    assert stem("a/b · c", models_part(["CA"]), "", "40-90") == "a_b_c_ca_40-90"
