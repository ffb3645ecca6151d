"""The curves of a recording: what stands in the figure is what stands in the trace."""

from __future__ import annotations

import numpy as np
import pytest

import iaca
from iaca.checkpoints import save_checkpoint
from iaca.figures.curves import plot, print_curves, save_figure
from iaca.figures.print_style import FigureError
from tests.conftest import make_features, make_model


def trace_of(tmp_path, name, features=None, **settings):
    features = features or make_features()
    file = tmp_path / f"{name}.safetensors"
    save_checkpoint(file, make_model(**settings), backbones=features.backbones, training={}, scores={})
    return iaca.infer(features, iaca.load_checkpoint(file))


def test_every_curve_of_the_interactive_figure_is_a_column_of_its_trace(tmp_path):
    base, gated = trace_of(tmp_path, "base"), trace_of(tmp_path, "gated", iaca=True)
    figure = plot(base, gated, gates_of="arousal")
    titles = [annotation.text for annotation in figure.layout.annotations]
    assert titles == [
        "Valence",
        "Arousal",
        "Stage-2 gate for arousal · gated",
        "Stage-1 gate, cross-attended for arousal · gated",
        "Attention score for arousal · base",
        "Attention score for arousal · gated",
    ]
    first = [curve for curve in figure.data if curve.yaxis == "y"]
    assert [curve.name for curve in first] == ["annotation", "base", "gated"]
    for curve, values in zip(first, ("valence_truth", "valence", "valence"), strict=True):
        trace = gated if curve.name == "gated" else base
        np.testing.assert_array_equal(curve.y, trace.frames[values])
    joint = next(curve for curve in figure.data if curve.name == "joint")
    np.testing.assert_array_equal(joint.y, gated.frames["arousal_stage2_joint"])
    np.testing.assert_array_equal(joint.x, gated.frames["pts_s"])


def test_influences_have_a_row_where_the_trace_has_them(tmp_path):
    features = make_features()
    trace = trace_of(tmp_path, "gated", features, iaca=True)
    with_them = iaca.inference.add_influence(trace, features, iaca.load_checkpoint(tmp_path / "gated.safetensors"))
    figure = plot(with_them, gates_of="arousal")
    titles = [annotation.text for annotation in figure.layout.annotations]
    assert titles[2] == "Influence on arousal · gated"
    drawn = {curve.name: curve.y for curve in figure.data if curve.yaxis == "y3"}
    for name in ("audio", "visual"):
        np.testing.assert_array_equal(drawn[name], with_them.frames[f"arousal_{name}_influence"])


def test_the_printed_figure_has_the_same_rows_and_no_two_models_look_alike(tmp_path):
    traces = [trace_of(tmp_path, name, iaca=True, seed=i) for i, name in enumerate("abc")]
    figure = print_curves(*traces)
    assert len(figure.axes) == 2 + 3 * 3
    looks = {(line.get_color(), str(line._dash_pattern)) for line in figure.axes[0].lines}
    assert len(looks) == 4


def test_files_are_written_in_the_format_of_their_ending(tmp_path):
    trace = trace_of(tmp_path, "model")
    assert save_figure(tmp_path / "a.svg", trace).read_bytes().startswith(b"<?xml")
    assert save_figure(tmp_path / "a.pdf", trace).read_bytes().startswith(b"%PDF")
    with pytest.raises(FigureError, match="expected one of svg, pdf, png"):
        save_figure(tmp_path / "a.gif", trace)


def test_a_recording_without_annotation_has_predictions_alone(tmp_path):
    features = make_features()
    nothing = np.full_like(features.valence, np.nan)
    figure = plot(trace_of(tmp_path, "model", features._replace(valence=nothing, arousal=nothing)))
    assert "annotation" not in {curve.name for curve in figure.data}


def test_what_cannot_be_drawn_is_refused(tmp_path):
    trace = trace_of(tmp_path, "model")
    other = trace_of(tmp_path, "model", make_features(subject="another"))
    with pytest.raises(FigureError, match="at least one"):
        plot()
    with pytest.raises(FigureError, match="gates_of is 'joy'; expected one of: valence, arousal"):
        plot(trace, gates_of="joy")
    with pytest.raises(FigureError, match="of someone and another; expected traces of one recording"):
        plot(trace, other)
