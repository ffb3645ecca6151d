"""Figures of a small subject, as the page asks for them."""

from __future__ import annotations

from dashboard.timeline.declared import Relation, Shown
from dashboard.timeline.rows import compare_figure
from iaca.checkpoints import load_checkpoint
from iaca.figures import palette
from iaca.inference import add_influence, infer
from iaca.inference.influence import relationships_of
from tests.dashboard.projects import Spec, make_features, write_model

SPEC = Spec("someone", 160)


def small_features():
    """Of a short recording."""
    return make_features(SPEC, seed=5)


def small_models(folder):
    """CA without gates and with them, untrained, from files in a folder."""
    for name, iaca in (("ca", False), ("ca_iaca", True)):
        write_model(folder / f"{name}.safetensors", iaca=iaca, seed=3)
    return [load_checkpoint(folder / f"{name}.safetensors") for name in ("ca", "ca_iaca")]


def shown_models(features, models, dropout=None):
    """The models as the page shows them, one style after the other."""
    shown = []
    for model, style in zip(models, palette.MODELS, strict=False):
        baseline = infer(features, model)
        trace = infer(features, model, [dropout]) if dropout else baseline
        shown.append(Shown(model.title, trace, baseline, style))
    return shown


def with_influence(features, models, threshold, dropout=None, target="valence"):
    """The models as the page shows them where their influences are asked for."""
    shown = []
    for model, style in zip(models, palette.MODELS, strict=False):
        changes = [(), [dropout]] if dropout else [()]
        traces = [add_influence(infer(features, model, one), features, model, one) for one in changes]
        relation = Relation(target, threshold, relationships_of(traces[-1], target, threshold))
        shown.append(Shown(model.title, traces[-1], traces[0], style, relation=relation))
    return shown


def draw(features, models, dropout=None, *, target="valence", score="contribution", scaled=True, episodes=()):
    """The figure of all rows."""
    shown = shown_models(features, models, dropout)
    truth = infer(features, models[0]).frames
    return compare_figure("someone", truth, shown, target=target, score=score, scaled=scaled, episodes=episodes)


def rows_of(figure):
    """The rows by key."""
    return {row.key: row for row in figure.rows}
