"""Files of the curves: every column is what its name says."""

from __future__ import annotations

import io
import os

import numpy as np
import pandas as pd
import pytest

from dashboard.export.printed_rows import figure_of_view
from dashboard.services import export_files
from dashboard.timeline.declared import Note
from dashboard.timeline.rows import compare_figure
from dashboard.timeline.smoothing import NOTE, smoothed
from iaca.config import DropoutConfig
from tests.dashboard.timeline.drawing import (
    SPEC,
    draw,
    shown_models,
    small_features,
    small_models,
    with_influence,
)
from tests.media_files import clicks, write_media

DROPOUT = DropoutConfig(share=0.5)


@pytest.fixture(scope="module")
def models(tmp_path_factory):
    return small_models(tmp_path_factory.mktemp("models"))


@pytest.fixture(scope="module")
def take(models):
    features = small_features()
    figure, shown = draw(features, models, DROPOUT), shown_models(features, models, DROPOUT)
    truth = shown[0].trace.frames
    return export_files.Take(
        SPEC.name, True, figure, shown, truth, None, "valence", "contribution", True, None, (0, SPEC.frames - 1)
    )


def test_influences_and_relationships_are_columns_where_they_are_shown(take, models):
    shown = with_influence(small_features(), models, 1e-3)
    truth = shown[0].trace.frames
    figure = compare_figure(SPEC.name, truth, shown, target="valence", score="contribution", scaled=True)
    table = export_files.curves(take._replace(figure=figure, shown=shown, truth=truth))
    for model, name in zip(shown, ("ca", "ca_iaca"), strict=True):
        np.testing.assert_array_equal(table[f"{name}_valence_relationship"], model.relation.kinds)
        influence = model.trace.frames["valence_visual_influence"]
        np.testing.assert_allclose(table[f"{name}_valence_visual_influence"], influence, atol=1e-6)
    assert "each counting from 0.001" in table.attrs["columns"]["ca_valence_relationship"]


def test_a_column_says_whether_it_is_annotation_prediction_or_the_gates_of_which_target(take):
    meaning = export_files.curves(take).attrs["columns"]
    assert meaning["truth_valence"] == "Valence, truth: annotation, from -1 to 1"
    assert meaning["ca_valence"] == "Valence, CA: prediction, from -1 to 1"
    assert "weight of the gates for valence, in [0, 1]" in meaning["ca_iaca_stage2_visual"]


def test_notes_are_a_column_which_no_spreadsheet_takes_for_a_formula(take):
    notes = (Note(1, 0.0, 0.1, "=1+1"), Note(2, 2.0, None, 'a "span", or not'))
    noted = take._replace(notes=notes)
    table = export_files.curves(noted)
    assert table["notes"][0] == "=1+1"
    read = pd.read_csv(io.BytesIO(export_files.csv_file(noted)), keep_default_na=False)
    assert read["notes"][0] == "'=1+1"
    assert set(read["notes"]) == {"", "'=1+1", 'a "span", or not'}
    assert "notes" not in export_files.curves(take)


def test_columns_stand_in_one_order_and_say_whose_they_are(take):
    assert list(export_files.curves(take)) == [
        "frame", "pts_s", "truth_valence", "truth_arousal",
        "ca_valence", "ca_iaca_valence", "ca_valence_baseline", "ca_iaca_valence_baseline",
        "ca_arousal", "ca_iaca_arousal", "ca_arousal_baseline", "ca_iaca_arousal_baseline",
        "ca_iaca_stage1_audio_cross", "ca_iaca_stage1_audio_self", "ca_iaca_stage1_audio_cross_baseline",
        "ca_iaca_stage1_visual_cross", "ca_iaca_stage1_visual_self", "ca_iaca_stage1_visual_cross_baseline",
        "ca_iaca_stage2_audio", "ca_iaca_stage2_joint", "ca_iaca_stage2_visual",
        "ca_iaca_stage2_audio_baseline", "ca_iaca_stage2_joint_baseline",
        "ca_audio_attention_score", "ca_iaca_audio_attention_score",
        "ca_visual_attention_score", "ca_iaca_visual_attention_score",
        "ca_audio_attention_score_baseline", "ca_iaca_audio_attention_score_baseline",
        "ca_visual_attention_score_baseline", "ca_iaca_visual_attention_score_baseline",
        "ca_iaca_valence_minus_ca", "ca_iaca_arousal_minus_ca",
        "has_face", "has_audio", "audio_dropped", "visual_dropped", "interpolated",
    ]  # fmt: skip


def test_a_weight_and_its_baseline_are_weights(take):
    table = export_files.curves(take)
    gated = take.shown[1]
    for gate in ("stage1_audio_cross", "stage2_audio", "stage2_joint"):
        for column, trace in ((f"ca_iaca_{gate}", gated.trace), (f"ca_iaca_{gate}_baseline", gated.baseline)):
            np.testing.assert_allclose(table[column], trace.frames[f"valence_{gate}"], atol=1e-6, err_msg=column)


def test_rows_of_the_sound_are_printed_where_they_are_shown_and_there_is_some(take, tmp_path):
    video = write_media(tmp_path / "video.mp4", np.arange(SPEC.frames) / 25, clicks(SPEC.frames / 25, (1.0, 4.2)))
    rows = (("waveform", 60), ("valence", 90), ("spectrogram", 80))
    shown = take._replace(video=video, sounds=tmp_path / "sounds", rows=rows)
    figure = figure_of_view(export_files.view(shown), range_s=(0.5, 6.0))
    wave, _, mel = figure.axes[-3:]
    assert [axes.get_ylabel() for axes in figure.axes[-3:]] == ["amplitude", "valence", "mel band"]
    loud = np.concatenate([path.vertices for one in wave.collections for path in one.get_paths()])
    loud = loud[np.abs(loud[:, 1]) > 0.5, 0]
    assert np.abs(loud - 1.0).min() < 0.05
    assert np.abs(loud - 4.2).min() < 0.05
    assert not ((loud > 1.2) & (loud < 4.0)).any()
    (image,) = mel.images
    start, end, low, high = image.get_extent()
    assert (low, high) == (0, 64)
    loudest = start + (np.asarray(image.get_array()).sum(axis=0).argmax() + 0.5) / image.get_size()[1] * (end - start)
    assert min(abs(loudest - 1.0), abs(loudest - 4.2)) < 0.1
    silent = write_media(tmp_path / "silent.mp4", np.arange(SPEC.frames) / 25)
    assert [row.slot for row in export_files.view(shown._replace(video=silent)).rows] == ["valence"]


def test_a_film_stays_though_the_clock_was_set_back_since_the_others_were_made(take, tmp_path):
    films = tmp_path / "films"
    films.mkdir()
    for number in range(export_files.FILMS_KEPT + 2):
        (films / f"{number}.mp4").touch()
        os.utime(films / f"{number}.mp4", (4e9 + number, 4e9 + number))
    short = take._replace(frames=(0, 3))
    export_files.film_file(short, tmp_path, export_files.MP4)
    made = export_files.film_key(short, export_files.MP4).removeprefix("film ")
    assert {file.name for file in films.iterdir()} == {made, *(f"{number}.mp4" for number in range(3, 8))}


def test_tables_of_a_smoothed_view_hold_the_values_as_they_were_and_its_figure_says_so(take):
    seen = take._replace(figure=smoothed(take.figure), values=take.figure)
    assert export_files.csv_file(seen) == export_files.csv_file(take)
    assert NOTE in export_files.figure_file(seen, "svg", next(iter(export_files.WIDTHS))).decode()
    assert NOTE not in export_files.figure_file(take, "svg", next(iter(export_files.WIDTHS))).decode()
    assert export_files.film_key(seen, "mp4") != export_files.film_key(take, "mp4")
