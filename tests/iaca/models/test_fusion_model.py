"""Whole models of every kind against their transcription, which knows their settings and their state dict only."""

from __future__ import annotations

from itertools import product

import numpy as np
import pytest
import torch

from iaca.config import Gate, GateOverrides
from tests import reference_models
from tests.conftest import make_model

FUSIONS = ("concat", "ca", "tca", "jca", "rjca")
ATTENDING = FUSIONS[1:]
OWN_GATES = ("learned", "constant", "blind")
KINDS = [gate.value for gate in Gate]
NORMALISATIONS = ("zscore", "l2", "none")
STAGES = {"both stages": {}, "stage 1 alone": {"stage2": False}, "stage 2 alone": {"stage1": False}}
WINDOWS = 2
FLAGS = 3
"""Values, 0 or 1, that the audio features of a model end with that is told what is wrong; the last is never 1."""


def varied():
    """Settings of each case: one thing is taken through all its values with all that it can meet."""
    for fusion, normalise, trunk in product(FUSIONS, NORMALISATIONS, ("shared", "per_target")):
        yield f"{fusion}-plain", {"fusion": fusion, "normalise": normalise, "trunk": trunk}
    for fusion, kind, normalise in product(ATTENDING, KINDS, NORMALISATIONS):
        yield f"{fusion}-{kind}", {"fusion": fusion, "iaca": True, "gate": kind, "normalise": normalise}
    for kind in (*OWN_GATES, "gmu", "gated_sequence"):
        yield f"concat-{kind}", {"fusion": "concat", "iaca": True, "gate": kind}
    for fusion, kind, (name, stages) in product(ATTENDING, OWN_GATES, STAGES.items()):
        yield f"{fusion}-{kind}-{name}", {"fusion": fusion, "iaca": True, "gate": kind, "trunk": "shared", **stages}
    for fusion, context, read, T in product(ATTENDING, ("own", "both"), ("all", "joint"), (0.1, 1.0)):
        settings = {"stage1_context": context, "stage2_input": read, "gate_temperature": T}
        yield f"{fusion}-{context}-{read}-{T}", {"fusion": fusion, "iaca": True, **settings}
    for fusion, target in product(ATTENDING, ("valence", "arousal")):
        yield f"{fusion}-{target}", {"fusion": fusion, "iaca": True, "targets": (target,)}
    yield "ca-unscaled", {"fusion": "ca", "scale_correlation": False, "normalise": "l2"}
    for layers, heads in ((1, 3), (3, 2)):
        yield f"tca-{layers}-{heads}", {"fusion": "tca", "num_layers": layers, "num_heads": heads}
    for recursions, recurrent in ((1, True), (3, True), (2, False)):
        yield f"rjca-{recursions}-{recurrent}", {
            "fusion": "rjca", "iaca": True, "num_recursions": recursions, "recurrent": recurrent
        }  # fmt: skip
    for fusion, gated, normalise in product(FUSIONS, (False, True), NORMALISATIONS):
        yield f"{fusion}-told", {"fusion": fusion, "iaca": gated, "normalise": normalise, "audio_dim": 12 + FLAGS}
        both = {"audio_dim": 7, "visual_dim": 17}
        yield f"{fusion}-other-sizes", {"fusion": fusion, "iaca": gated, "normalise": normalise, **both}


CASES = list(varied())
every_case = pytest.mark.parametrize(
    "settings", [s for _, s in CASES], ids=[f"{i}-{n}" for i, (n, _) in enumerate(CASES)]
)


def built(settings):
    """A model in float64 with statistics of its features, and two windows of raw features."""
    model = make_model(**{"clips": 6, "jca_hidden": 5, "head_hidden": 8, "num_layers": 1} | settings).double()
    config = model.config
    generator = torch.Generator().manual_seed(1)
    audio, visual = (
        3 * torch.randn(WINDOWS, config.clips, dim, dtype=torch.float64, generator=generator) + 1
        for dim in (config.audio_dim, config.visual_dim)
    )
    if config.audio_dim == 12 + FLAGS:
        audio[..., 12:] = (audio[..., 12:] > 1).double()
        audio[..., -1] = 0
    model.set_standardisation(audio.flatten(0, 1), visual.flatten(0, 1))
    return model, audio, visual


def transcribed(model, audio, visual):
    state = {name: tensor.numpy() for name, tensor in model.state_dict().items()}
    settings = model.config.to_dict()
    return [
        reference_models.model(state, settings, a.numpy().T, v.numpy().T) for a, v in zip(audio, visual, strict=True)
    ]


def near(found, expected):
    np.testing.assert_allclose(found.detach().numpy(), expected, rtol=0, atol=1e-6)


@every_case
def test_predictions_gates_and_attention_equal_the_transcription(settings):
    model, audio, visual = built(settings)
    output, expected = model(audio, visual), transcribed(model, audio, visual)
    for target in model.config.targets:
        e = output.explanations[target]
        for b in range(WINDOWS):
            one = expected[b][target]
            near(getattr(output, target)[b], one["prediction"])
            for field, name in (
                ("stage1_audio_weights", "stage1_audio"), ("stage1_visual_weights", "stage1_visual"),
                ("stage2_weights", "stage2"), ("audio_attention", "audio_map"), ("visual_attention", "visual_map"),
                ("audio_attention_contribution", "audio_contribution"),
                ("visual_attention_contribution", "visual_contribution"),
            ):  # fmt: skip
                found = getattr(e, field)
                assert (found is None) == (one.get(name) is None)
                if found is not None:
                    near(found[b], one[name])


@pytest.mark.parametrize("fusion", FUSIONS)
@pytest.mark.parametrize("kind", OWN_GATES)
def test_branches_of_the_auxiliary_loss_equal_the_transcription(fusion, kind):
    model, audio, visual = built({"fusion": fusion, "iaca": True, "gate": kind})
    _, branches = model.forward_with_branches(audio, visual)
    for b, expected in enumerate(transcribed(model, audio, visual)):
        for target in model.config.targets:
            assert len(branches[target]) == 3
            for found, one in zip(branches[target], expected[target]["branches"], strict=True):
                near(found[b], one)


@pytest.mark.parametrize("kind", [None, *KINDS])
@pytest.mark.parametrize("fusion", ATTENDING)
@pytest.mark.parametrize("normalise", NORMALISATIONS)
def test_features_and_weights_have_the_slope_of_the_transcription(fusion, kind, normalise):
    """Along one random direction through features and weights, by central differences of the transcription."""
    gates = {} if kind is None else {"iaca": True, "gate": kind, "gate_temperature": 1.0}
    model, audio, visual = built({"fusion": fusion, "trunk": "shared", "normalise": normalise, **gates})
    moved = [audio.requires_grad_(), visual.requires_grad_(), *model.parameters()]
    output = model(audio, visual)
    grads = torch.autograd.grad(output.valence.sum() + 2 * output.arousal.sum(), moved, allow_unused=True)
    generator = torch.Generator().manual_seed(2)
    along = [torch.randn(x.shape, dtype=torch.float64, generator=generator) for x in moved]
    slope = sum(float((g * d).sum()) for g, d in zip(grads, along, strict=True) if g is not None)

    def after(step):
        with torch.no_grad():
            for x, direction in zip(moved, along, strict=True):
                x.add_(direction, alpha=step)
            total = sum(
                one["valence"]["prediction"].sum() + 2 * one["arousal"]["prediction"].sum()
                for one in transcribed(model, audio.detach(), visual.detach())
            )
            for x, direction in zip(moved, along, strict=True):
                x.sub_(direction, alpha=step)
        return total

    step = 1e-6
    np.testing.assert_allclose(slope, (after(step) - after(-step)) / (2 * step), rtol=1e-5, atol=1e-5)


def test_another_temperature_is_that_of_the_transcription():
    model, audio, visual = built({"fusion": "ca", "iaca": True})
    cooler, _, _ = built({"fusion": "ca", "iaca": True, "gate_temperature": 0.7})
    cooler.load_state_dict(model.state_dict())
    found = model(audio, visual, gates=GateOverrides(temperature=0.7))
    for b, expected in enumerate(transcribed(cooler, audio, visual)):
        near(found.valence[b], expected["valence"]["prediction"])
