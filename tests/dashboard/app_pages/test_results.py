"""What a study found, as the page tells it."""

from __future__ import annotations

import pandas as pd
import pytest

from iaca.features.feature_files import write_features
from iaca.study.findings import Study
from tests.dashboard.browsing import PLAYER, click_grid, downloaded, rest, wait_for_address
from tests.dashboard.projects import Spec, make_features, write_project
from tests.dashboard.study_tables import decision_tables

NAMES = ("strong-01", "weak-voice-02")
MODELS = {"ca": ("CA", 0.5), "ca_iaca": ("CA+IACA", 0.625)}
ROW_PX = 35
REPORT = "# Report\n"


@pytest.fixture(scope="module")
def root(tmp_path_factory):
    """A project whose results folder holds the tables of a study of two models."""
    root = write_project(tmp_path_factory.mktemp("results"), [Spec(name, 120) for name in NAMES])
    scores, subjects, gates = [], [], []
    for variant, (title, top) in MODELS.items():
        for target in ("valence", "arousal"):
            about = {"variant": variant, "model": title, "regime": "extensions", "target": target}
            interval = {"ccc": top, "sd": 0.01, "low": top - 0.1, "high": top + 0.1, "seeds": 5, "subjects": 2}
            scores.append(about | interval | {"parameters": 1234, "group": "all"})
            for place, name in enumerate(NAMES):
                row = {"subject": name, "ccc": top - place / 4, "frames": 120, "reason": ""}
                if place and variant == "ca":
                    row |= {"ccc": float("nan"), "reason": "labels and predictions are constant"}
                subjects.append(about | row)
    for target in ("valence", "arousal"):
        case = {"variant": "ca_iaca", "target": target, "modality": "audio", "kind": "voice corrupted", "subjects": 4}
        gates.append(case | {"gate": "stage 2: less audio", "value": 0.75, "low": 0.7, "high": 0.8})
    change = {"variant": "ca_iaca", "title": "CA+IACA", "base": "CA", "regime": "extensions", "group": "all"}
    change |= {"value": 0.125, "low": 0.05, "high": 0.2, "seeds_better": 5, "seeds": 5, "verdict": "helps"}
    differences = [change | {"target": t, "draw": "validation", "ablation": False} for t in ("valence", "arousal")]
    folder = root / "results"
    folder.mkdir()
    contrast = {
        "question": "does the wrapper help?", "model": "ca_iaca", "against": "ca", "frames": "all",
        "draw": "validation", "model_title": "CA+IACA", "against_title": "CA", "value": 0.125, "low": 0.05, "high": 0.2,
        "verdict": "helps",
    }  # fmt: skip
    Study(
        synthetic=True, seeds=5, training_subjects=3, validation_subjects=2, test_subjects=0, annotated_frames=240,
        clip_stride=16, groups={"all": 2}, primary_sha256="0" * 64, missing_subject=None, attention_subjects=(),
        primary=[contrast | {"target": target} for target in ("valence", "arousal")],
    ).write(folder)  # fmt: skip
    for name, rows in {"scores": scores, "subjects": subjects, "differences": differences, "gates": gates}.items():
        pd.DataFrame(rows).to_parquet(folder / f"{name}.parquet")
    (folder / "report.md").write_text(REPORT, encoding="utf-8")
    for name, table in decision_tables().items():
        table.to_parquet(folder / f"{name}.parquet")
    return root


@pytest.fixture(scope="module")
def address(server, root):
    return server(root)


def test_the_statement_the_difference_and_why_a_score_is_missing_are_told(page, address):
    page.goto(f"{address}/results")
    main = page.get_by_test_id("stMain")
    helped = ", ".join(f"{target} on CA (extensions, +0.125)" for target in ("valence", "arousal"))
    told = f"IACA, validation subjects: helps {helped}; hurts nowhere; no clear difference in 0 of 2."
    main.get_by_text(told).wait_for()
    main.get_by_text("Findings in words, and what was tried").click()
    main.get_by_text("(does the wrapper help?): valence, all frames +0.125 [+0.050, +0.200] (helps)").wait_for()
    main.get_by_text("Synthetic corpus: this says how the models behave").wait_for()
    main.get_by_text("No score for weak-voice-02: labels and predictions are constant.").wait_for()
    chart = page.get_by_role("figure", name="On validation: difference in CCC")
    label = chart.locator(".ytick text").filter(has_text="CA+IACA − CA")
    label.wait_for()
    assert label.count() == 1


def test_choices_stand_in_the_address_and_one_that_cannot_be_is_told(page, address):
    page.goto(f"{address}/results?regime=homemade&findings=true")
    page.get_by_text("This link sets regime to 'homemade', which is not one of the choices").wait_for()
    page.get_by_text("CA+IACA − CA").first.wait_for()
    page.get_by_text("(does the wrapper help?): valence, all frames").wait_for()
    page.locator(".st-key-scores_of").get_by_role("button", name="Remove").first.click()
    page.wait_for_function("location.search.includes('scores_of=')")


def test_the_differences_leave_as_a_figure(page, address):
    page.goto(f"{address}/results")
    name, content = downloaded(page, page.locator(".st-key-results_svg button"))
    assert name == "differences.svg"
    content = content.decode()
    assert "CA+IACA − CA" in content
    assert "On validation · arousal" in content


@pytest.mark.parametrize("x_px", [14, 60])  # the box before the second subject, and its name
def test_a_subjects_name_or_box_opens_it_in_the_player(page, address, x_px):
    page.goto(f"{address}/results")
    grid = page.locator(".st-key-results_subjects")
    grid.wait_for()
    rest(page)
    page.locator(".js-plotly-plot").first.wait_for()  # it moves what lies below it
    grid.scroll_into_view_if_needed()
    page.get_by_test_id("data-grid-canvas").nth(1).wait_for()
    opened = page.locator(f'{PLAYER}[data-subject="weak-voice-02"]')
    click_grid(page, grid.get_by_test_id("stDataFrame"), x_px, 2.5 * ROW_PX, opened)
    wait_for_address(page, "subject=weak-voice-02")


def test_a_subject_of_the_study_that_has_no_video_by_design_opens_without_a_warning(page, address, root):
    (root / "study").mkdir()
    subject = make_features(Spec("conflict-17", 120), 9)
    write_features(root / "study" / "conflict-17.safetensors", subject)
    page.goto(f"{address}/?subject=conflict-17")
    page.wait_for_selector(f'{PLAYER}[data-subject="conflict-17"][data-revision]')
    page.get_by_text("There is no video for this subject. The curves are complete.").wait_for()
    rest(page)
    assert page.get_by_test_id("stAlert").count() == 0


def test_a_folder_without_facts_opens_and_says_what_it_lacks(page, address, root):
    folder = root / "results"
    facts, table = folder / "study.json", folder / "differences.parquet"
    content = {file: file.read_bytes() for file in (facts, table)}
    facts.unlink()
    pd.read_parquet(table).assign(verdict="no clear difference").to_parquet(table)
    try:
        page.goto(f"{address}/results")
        page.get_by_text("has no study.json: its findings in words").wait_for()
        page.get_by_text("helps nowhere; hurts nowhere; no clear difference in 2 of 2.").wait_for()
    finally:
        for file, before in content.items():
            file.write_bytes(before)


def test_what_the_study_decides_comes_first_and_leaves_as_figures(page, address):
    page.goto(f"{address}/results")
    main = page.get_by_test_id("stMain")
    main.get_by_text(
        "CA+IACA − CA: validation, helps in 1 of 2, equivalent in 1 of 2; test, hurts in 1 of 2, "
    ).wait_for()
    main.get_by_text("Validation: 80 subjects, 5 seeds; test: 80 subjects, 5 seeds. ").wait_for()
    main.get_by_text("CA, valence (validation, +0.010)").wait_for()
    main.get_by_text("1 of 2 gates are dead in at least one seed.").wait_for()
    assert main.inner_text().strip().startswith("Results\n")  # and not with a sentence of the page's source
    headings = main.locator("h3").all_inner_texts()
    assert headings[:6] == [
        "What the study decides", "What is there to gain?", "How long do labels remember?",
        "As published, and ours beside it", "Do the gates move?", "What each model changes, compared with its base",
    ]  # fmt: skip
    for stem, said in (("contrasts", "CA+IACA − CA"), ("label-memory", "memory of the labels (s)")):
        name, content = downloaded(page, page.locator(f".st-key-results_{stem.split('-')[-1]}_svg button"))
        assert name == f"{stem}.svg"
        assert said in content.decode()
    page.goto(f"{address}/results?lost_regime=paper-strict")
    page.get_by_role("figure", name="CCC of valence against the share of missing audio, CA: CA").wait_for()
    name, content = downloaded(page, page.locator(".st-key-results_missing_svg button"))
    assert name == "missing-audio-paper-strict.svg"


def test_tables_that_a_folder_lacks_are_left_out_and_a_damaged_one_is_named(page, address, root):
    folder = root / "results"
    content = {name: (folder / f"{name}.parquet").read_bytes() for name in decision_tables()}
    for name in content:
        (folder / f"{name}.parquet").unlink()
    (folder / "health.parquet").write_bytes(b"PAR1")
    try:
        page.goto(f"{address}/results")
        page.get_by_text("health.parquet cannot be read").wait_for()
        page.get_by_text("CA+IACA − CA").first.wait_for()
        assert page.locator("h3").all_inner_texts()[0] == "As published, and ours beside it"
    finally:
        for name, before in content.items():
            (folder / f"{name}.parquet").write_bytes(before)


def test_a_damaged_table_is_named_and_the_page_goes_on(page, address, root):
    file = root / "results" / "gates.parquet"
    content = file.read_bytes()
    file.write_bytes(content[:100])
    try:
        page.goto(f"{address}/results")
        page.get_by_text("gates.parquet cannot be read").wait_for()
    finally:
        file.write_bytes(content)
    page.reload()
    page.get_by_text("IACA, validation subjects: helps").wait_for()
