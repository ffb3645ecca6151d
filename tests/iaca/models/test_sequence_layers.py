"""Fusions of other groups: they keep the contract, see what they should, and refuse what cannot be."""

from __future__ import annotations

import pytest
import torch

from iaca.config import ConfigError, FusionConfig
from iaca.models.fusion_model import FusionModel
from iaca.study.plan import TABLE_1
from tests.conftest import make_model


@pytest.mark.parametrize("fusion", TABLE_1)
@pytest.mark.parametrize("iaca", [False, True])
def test_every_clip_of_every_window_is_predicted_and_gates_sum_to_one(fusion, iaca):
    model = make_model(fusion=fusion, iaca=iaca)
    torch.manual_seed(1)
    audio, visual = torch.randn(3, 16, 12), torch.randn(3, 16, 12)
    output = model(audio, visual)
    assert output.valence.shape == output.arousal.shape == (3, 16)
    alone = model(audio[1:2], visual[1:2])
    torch.testing.assert_close(output.arousal[1:2], alone.arousal)
    explanation = output.explanations["valence"]
    assert explanation.audio_attention is None
    assert ((explanation.audio_attention_contribution >= 0) & (explanation.audio_attention_contribution <= 1)).all()
    if iaca:
        torch.testing.assert_close(explanation.stage2_weights.sum(-1), torch.ones(3, 16))


@pytest.mark.parametrize("fusion", TABLE_1)
def test_both_modalities_and_both_ends_of_a_window_reach_every_prediction(fusion):
    model = make_model(fusion=fusion)
    torch.manual_seed(2)
    for modality in range(2):
        inputs = [torch.randn(1, 16, 12), torch.randn(1, 16, 12)]
        inputs[modality].requires_grad_(True)
        model(*inputs).valence[0, 8].backward()
        reached = inputs[modality].grad[0].abs().sum(-1)
        # A TCN of 29 clips' width reaches the whole window from its middle; attention and recurrence do so anyway.
        assert (reached > 0).all(), (fusion, modality)


@pytest.mark.parametrize(
    ("settings", "sentence"),
    [
        ({"fusion": "transformer", "num_heads": 5}, "num_heads is 5"),
        ({"fusion": "lstm_transformer", "dim": 11}, "dim is 11"),
    ],
)  # fmt: skip
def test_dimensions_that_do_not_divide_are_refused(settings, sentence):
    with pytest.raises(ConfigError, match=sentence):
        FusionModel(FusionConfig(**{"dim": 12, "num_heads": 2} | settings))
