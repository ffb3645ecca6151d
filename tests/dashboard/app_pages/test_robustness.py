"""CCC against missing clips: what is stored is there at once, the rest is computed while one looks."""

from __future__ import annotations

import io
import time

import numpy as np
import pandas as pd
import pytest

from dashboard.services import sweeps
from dashboard.services.corpora import Subject
from iaca.checkpoints import load_checkpoint
from iaca.config import DropoutConfig
from iaca.evaluation.robustness import SHARES
from iaca.features.feature_files import read_features, write_features
from iaca.inference import predict
from iaca.metrics import ccc
from tests.dashboard.browsing import choose, downloaded, rest, wait_for_address
from tests.dashboard.projects import Spec, make_features, write_project
from tests.dashboard.stopping import stopped_after_its_first_part

NAMES = ("strong-01", "weak-voice-02")
SILENT = "nobody-rated-03"
CHART = "[data-testid=stPlotlyChart]"


@pytest.fixture(scope="module")
def root(tmp_path_factory):
    root = write_project(tmp_path_factory.mktemp("robust"), [Spec(name, 120) for name in NAMES])
    unrated = make_features(Spec(SILENT, 90), 7)
    nothing = np.full_like(unrated.valence, np.nan)
    write_features(root / "features" / f"{SILENT}.safetensors", unrated._replace(valence=nothing, arousal=nothing))
    rows = [
        {
            "variant": variant, "model": title, "modality": "audio", "pattern": "scattered", "share": share,
            "target": target, "ccc": top - share / 4, "low": top - share / 4 - 0.1, "high": top - share / 4 + 0.1,
        }
        for variant, title, top in (("ca", "CA", 0.5), ("ca_iaca", "CA+IACA", 0.6))
        for share in SHARES
        for target in ("valence", "arousal")
    ]  # fmt: skip
    (root / "results").mkdir()
    pd.DataFrame(rows).to_parquet(root / "results" / "missing.parquet")
    return root


def content_of(page, label):
    return downloaded(page, page.get_by_role("button", name=label, exact=True))[1]


def expected(root, name, subjects, target, share):
    """Mean over draws of the CCC over all frames of the subjects, laid end to end."""
    model = load_checkpoint(root / "checkpoints" / f"{name}.safetensors").model
    features = [read_features(root / "features" / f"{subject}.safetensors") for subject in subjects]
    values = []
    for seed in range(5):
        dropout = DropoutConfig(modality="audio", share=share, pattern="scattered", seed=seed)
        said = np.concatenate([predict(one, model, [dropout])[target] for one in features])
        values.append(ccc(np.concatenate([getattr(one, target) for one in features]), said))
    return np.mean(values)


def test_stored_curves_come_at_once_and_others_are_computed_as_they_should_be(page, server, root):
    page.goto(f"{server(root)}/robustness")
    page.locator(CHART).nth(1).locator(".scatterlayer .trace").first.wait_for()
    assert "Stored by the study: its own models (" in page.get_by_test_id("stMain").inner_text()
    assert "with 80% missing, CA 0.500 → 0.300, CA+IACA 0.600 → 0.400" in page.get_by_test_id("stMain").inner_text()
    assert page.locator(CHART).first.locator(".legendtext").all_text_contents() == ["CA", "CA+IACA"]
    alternative = "CCC of valence against the share of missing audio, CA: CA, CA+IACA"
    assert page.get_by_role("figure", name=alternative).count() == 1

    choose(page, "Subjects", "all 3 shown subjects")
    page.get_by_text("95% intervals over 2 subjects").wait_for()
    page.get_by_text(f"{SILENT} has fewer than 2 annotated frames and is left out").wait_for()
    page.get_by_role("button", name="CSV", exact=True).wait_for()
    table = pd.read_csv(io.BytesIO(content_of(page, "CSV")))
    assert len(table) == 2 * 2 * len(SHARES)
    assert table["low"].notna().all()
    for model, name in (("CA", "ca"), ("CA+IACA", "ca_iaca")):
        for share in (0.0, 0.6):
            row = table[(table["model"] == model) & (table["target"] == "arousal") & (table["share"] == share)]
            assert row["ccc"].item() == pytest.approx(expected(root, name, NAMES, "arousal", share), abs=1e-6)
    assert b"<svg" in content_of(page, "SVG")

    choose(page, "Subjects", SILENT)
    page.get_by_text("CCC is undefined for").wait_for()
    page.get_by_role("button", name="CSV", exact=True).wait_for()
    wait_for_address(page, "models=CA&", "missing_of=")
    page.reload()  # what is computed is there at once: the page does not run again while it is clicked on
    page.get_by_role("button", name="CSV", exact=True).wait_for()
    rest(page)
    page.get_by_text("Numbers").click()
    page.get_by_test_id("stDataFrame").wait_for()
    wait_for_address(page, "models=CA&", "missing_of=", "numbers=true")
    assert pd.read_csv(io.BytesIO(content_of(page, "CSV")))["ccc"].isna().all()
    assert page.locator("[data-testid=stException]").count() == 0


def test_curves_stay_in_sight_while_others_are_computed(page, server, root):
    page.goto(f"{server(root)}/robustness")
    page.locator(CHART).nth(1).locator(".scatterlayer .trace").first.wait_for()
    page.evaluate(
        """(chart) => {
          window.charts = [];
          const look = () => {
            window.charts.push(document.querySelectorAll(chart).length);
            requestAnimationFrame(look);
          };
          look();
        }""",
        CHART,
    )
    choose(page, "Subjects", NAMES[0])
    page.get_by_text(f"one subject, {NAMES[0]}: no interval").wait_for()
    assert min(page.evaluate("charts")) > 0


def test_what_was_computed_before_a_stop_is_kept(root):
    files = [(name, root / "checkpoints" / f"{name}.safetensors") for name in ("ca", "ca_iaca")]
    people = [Subject(name, "", None, root / "features" / f"{name}.safetensors", True) for name in (*NAMES, SILENT)]
    asked = sweeps.wanted(files, people, "visual", "block", "cpu")
    with stopped_after_its_first_part():
        job = sweeps.begin(asked)
        while not job.ended:
            time.sleep(0.01)
    half = sweeps.found(asked)
    assert 0 < half.pieces < half.total == 2 * 3 * len(SHARES)
    job = sweeps.begin(asked)
    while not job.ended:
        time.sleep(0.01)
    assert job.total == half.total - half.pieces
    assert sweeps.found(asked).is_whole


def test_a_model_that_does_not_fit_a_subject_is_told_and_leaves_no_zero(root, tmp_path):
    other = make_features(Spec("strong-09", 80), 3, {"audio": {"name": "x", "sha256": "c" * 64}})
    write_features(tmp_path / "strong-09.safetensors", other)
    people = [Subject("strong-09", "", None, tmp_path / "strong-09.safetensors", False)]
    asked = sweeps.wanted([("CA", root / "checkpoints" / "ca.safetensors")], people, "audio", "block", "cpu")
    job = sweeps.begin(asked)
    while not job.ended:
        time.sleep(0.01)
    found = sweeps.found(asked)
    assert found.table.empty
    assert len(found.problems) == 1
    assert "was made by backbone x" in found.problems[0]


def test_a_stored_table_of_another_kind_is_refused_by_name(tmp_path):
    pd.DataFrame({"model": ["CA"]}).to_parquet(tmp_path / "missing.parquet")
    with pytest.raises(sweeps.StoredError, match=r"missing\.parquet has no column 'variant'"):
        sweeps.stored(tmp_path)
    (tmp_path / "missing.parquet").write_bytes(b"no table")
    with pytest.raises(sweeps.StoredError, match="cannot be read"):
        sweeps.stored(tmp_path)
