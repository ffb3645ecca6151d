"""Figures of a small subject, as the page asks for them."""

from __future__ import annotations

from dashboard.timeline.declared import Shown
from dashboard.timeline.rows import compare_figure
from iaca.figures import palette
from iaca.inference import infer
from tests.dashboard.projects import Spec

SPEC = Spec("someone", 160)


def shown_models(features, models, dropout=None):
    """The models as the page shows them, one style after the other."""
    shown = []
    for model, style in zip(models, palette.MODELS, strict=False):
        baseline = infer(features, model)
        trace = infer(features, model, [dropout]) if dropout else baseline
        shown.append(Shown(model.title, trace, baseline, style))
    return shown


def draw(features, models, dropout=None, *, target="valence", score="contribution", scaled=True, episodes=()):
    """The figure of all rows."""
    shown = shown_models(features, models, dropout)
    truth = infer(features, models[0]).frames
    return compare_figure("someone", truth, shown, target=target, score=score, scaled=scaled, episodes=episodes)


def rows_of(figure):
    """The rows by key."""
    return {row.key: row for row in figure.rows}
