"""The compare page as Python runs it: choices, scores, notices."""

from __future__ import annotations

import json
import re
import shutil

import numpy as np
import pytest
import torch
from streamlit.testing.v1 import AppTest

from iaca.checkpoints import load_checkpoint
from iaca.compute import gpu_memory
from iaca.config import DropoutConfig
from iaca.features.feature_files import read_features, write_features
from iaca.inference import infer
from tests.dashboard.projects import BACKBONES, Spec, make_features, write_model, write_project
from tests.dashboard.serving import PATIENCE_S, PROJECT

SPECS = [Spec("strong-01", 120), Spec("weak-voice-02", 100)]


@pytest.fixture(scope="module")
def shared_project(tmp_path_factory):
    return write_project(tmp_path_factory.mktemp("page"), SPECS)


@pytest.fixture
def project(shared_project, tmp_path):
    """A copy that a test may damage."""
    return shutil.copytree(shared_project, tmp_path / "data")


@pytest.fixture
def open_page(monkeypatch):
    """Runs the page on a data root, with optional URL parameters."""

    def run(root, arguments=(), **parameters):
        monkeypatch.setenv("IACA_DEMO", str(root))
        monkeypatch.setenv("IACA_CHECKPOINTS", str(root / "checkpoints"))
        monkeypatch.setenv("IACA_CACHE", str(root / "cache"))
        monkeypatch.setenv("IACA_NOTES", str(root.with_name(f"notes-{root.name}.sqlite3")))
        monkeypatch.setattr("sys.argv", ["app.py", *arguments])
        page = AppTest.from_file(str(PROJECT / "dashboard" / "app.py"), default_timeout=PATIENCE_S)
        for name, value in parameters.items():
            page.query_params[name] = value
        page.run()
        assert not page.exception
        return page

    return run


def notices(page):
    """What the page warns of, without the backslashes that keep Markdown off."""
    return literally(" ".join(warning.value for warning in page.warning))


def literally(markdown):
    """Markdown without the backslashes that keep names from being read as such."""
    return re.sub(r"\\(.)", r"\1", markdown)


def widget(elements, label):
    """The one element with this label."""
    found = [one for one in elements if one.label == label]
    assert len(found) == 1, label
    return found[0]


def players(page):
    """What the player is sent, where there is one."""

    def below(block):
        for child in block.children.values():
            if child.type == "bidi_component" and child.proto.component_name == "iaca_player":
                yield json.loads(child.proto.mixed.json or child.proto.json)
            yield from below(child) if hasattr(child, "children") else ()

    return list(below(page.main))


def score_lines(page):
    """CCC of each model as the player shows it: name, and for valence and arousal the score and its change, or None."""
    (sent,) = players(page)
    return {
        point["name"]: [(now, None if now == before else now - before) for now, before in point["ccc"]]
        for point in sent["spec"]["points"]
        if point["model"] is not None
    }


def changes(page):
    """Every change of a score that the player shows."""
    return [change for scores in score_lines(page).values() for _, change in scores if change is not None]


def test_subjects_are_listed_with_condition_length_and_scores_of_both_models(open_page, shared_project):
    page = open_page(shared_project)
    options = widget(page.selectbox, "Subject").options
    assert len(options) == 2
    for option, name, length in zip(options, ("strong-01", "weak-voice-02"), ("0:04", "0:04"), strict=True):
        assert option.startswith(f"{name} · weak voice · {length} · CA ")
        assert re.search(r"CA −?\.\d\d / −?\.\d\d · CA\+IACA −?\.\d\d / −?\.\d\d$", option)
    assert not page.warning


def test_a_banner_says_synthetic_and_how_to_bring_ones_own_data(open_page, shared_project, project):
    text = " ".join(caption.value for caption in open_page(shared_project).caption)
    assert "Synthetic" in text
    assert "Use your Aff-Wild2" in text
    assert "python -m iaca index" in text
    (project / "corpus.json").unlink()
    assert "Synthetic" not in " ".join(caption.value for caption in open_page(project).caption)


def test_dropout_shows_the_change_of_every_score_and_equals_inference(open_page, shared_project):
    page = open_page(shared_project)
    assert not changes(page)
    widget(page.toggle, "Drop audio").set_value(True).run()
    widget(page.slider, "Audio dropout (%)").set_value(60).run()
    widget(page.selectbox, "Pattern").set_value("block").run()
    widget(page.number_input, "Seed").set_value(3).run()
    assert len(changes(page)) == 4
    features = read_features(shared_project / "features" / "strong-01.safetensors")
    model = load_checkpoint(shared_project / "checkpoints" / "ca_iaca.safetensors")
    after = infer(features, model, [DropoutConfig(share=0.6, pattern="block", seed=3)]).scores["valence"].ccc
    change = after - infer(features, model).scores["valence"].ccc
    assert score_lines(page)["CA+IACA"][0] == pytest.approx((after, change))


def test_gates_are_chosen_only_where_a_model_has_two_trunks(open_page, shared_project, project):
    assert widget(open_page(shared_project).selectbox, "Gates for").options == ["valence", "arousal"]
    for name, iaca in (("ca", False), ("ca_iaca", True)):
        write_model(project / "checkpoints" / f"{name}.safetensors", iaca=iaca, seed=1, trunk="shared")
    assert "Gates for" not in [one.label for one in open_page(project).selectbox]


def test_the_device_is_named_and_the_environment_and_command_line_choose_it(open_page, shared_project, monkeypatch):
    assert widget(open_page(shared_project).selectbox, "Device").value == "cpu"
    monkeypatch.setenv("IACA_DEVICE", "cuda:7")
    assert "'cuda:7'" in notices(open_page(shared_project))
    monkeypatch.setattr(gpu_memory, "_shortages", {})
    assert not notices(open_page(shared_project, ("--device", "cpu")))

    def on_a_full_card(device, _):
        if device.type == "cuda":
            raise torch.cuda.OutOfMemoryError

    gpu_memory.as_fits(on_a_full_card, torch.device("cuda:0"), {"cuda": 1, "cpu": 1}, "windows")
    said = notices(open_page(shared_project, ("--device", "cpu")))
    assert said == "The memory of the GPU cuda:0 does not hold any windows: they are computed on the CPU."


def test_the_address_chooses_the_subject_and_an_unknown_one_is_said_to_be(open_page, shared_project):
    assert widget(open_page(shared_project, subject="weak-voice-02").selectbox, "Subject").value == "weak-voice-02"
    assert "'nobody'" in notices(open_page(shared_project, subject="nobody"))


def truncate(path):
    path.write_bytes(path.read_bytes()[:-100])


def made_by_another_backbone(root):
    other = BACKBONES | {"audio": {"name": "other_backbone", "sha256": "c" * 64}}
    write_features(root / "features" / "strong-01.safetensors", make_features(SPECS[0], 0, other))


BAD_INPUT = {
    "missing checkpoint": (
        lambda root: (root / "checkpoints" / "ca.safetensors").unlink(), ("ca.safetensors", "does not exist"),
    ),
    "truncated checkpoint": (
        lambda root: truncate(root / "checkpoints" / "ca_iaca.safetensors"), ("ca_iaca.safetensors", "damaged"),
    ),
    "features of another backbone": (made_by_another_backbone, ("strong-01", "other_backbone", "audio_slim")),
    "truncated features": (
        lambda root: truncate(root / "features" / "strong-01.safetensors"), ("strong-01.safetensors", "truncated"),
    ),
    "video without labels": (
        lambda root: next(root.rglob("strong-01.txt")).unlink(), ("strong-01.mp4", "no label file"),
    ),
    "features without video": (
        lambda root: [path.unlink() for path in root.rglob("strong-01.*") if path.suffix in (".mp4", ".txt")],
        ("strong-01.safetensors", "no video"),
    ),
    "truncated video": (
        lambda root: (root / "batch1" / "strong-01.mp4").write_bytes(b"not a video"), ("strong-01.mp4",),
    ),
    "damaged corpus.json": (lambda root: (root / "corpus.json").write_text("{"), ("corpus.json",)),
    "damaged episodes": (lambda root: (root / "episodes.csv").write_text("a,b\n1,2\n"), ("episodes.csv", "subject")),
}  # fmt: skip


@pytest.mark.parametrize("case", BAD_INPUT)
def test_bad_input_is_one_sentence_and_the_rest_keeps_working(open_page, project, case):
    damage, fragments = BAD_INPUT[case]
    damage(project)
    page = open_page(project, subject="strong-01")
    said = notices(page)
    for fragment in fragments:
        assert fragment in said
    assert "Traceback" not in said
    other = open_page(project, subject="weak-voice-02")
    assert widget(other.selectbox, "Subject").value == "weak-voice-02"
    assert score_lines(other)


def test_an_empty_corpus_folder_is_said_to_be_empty(open_page, tmp_path):
    (tmp_path / "data").mkdir()
    said = notices(open_page(tmp_path / "data"))
    assert str(tmp_path / "data") in said
    assert "No subject was found" in said


def test_without_features_truth_and_video_are_still_shown(open_page, project):
    shutil.rmtree(project / "features")
    page = open_page(project)
    assert "no feature file" in notices(page)
    assert widget(page.selectbox, "Subject").options[0].endswith("no features")
    assert not score_lines(page)


def test_a_subject_of_whom_only_labels_are_there_is_one_sentence(open_page, project):
    for file in (project / "features" / "strong-01.safetensors", project / "batch1" / "strong-01.mp4"):
        file.unlink()
    page = open_page(project, subject="strong-01")
    assert "strong-01 has neither a video nor features" in notices(page)


def test_names_of_files_are_shown_as_they_are(open_page, project):
    strange = project / "features" / "<b>a_b_c$x$.safetensors"
    strange.write_bytes(b"")
    page = open_page(project)
    assert "<b>a_b_c$x$.safetensors" in notices(page)
    assert all("\\<b\\>" in warning.value for warning in page.warning)


def test_a_frame_without_annotation_does_not_count(open_page, shared_project):
    page = open_page(shared_project, subject="strong-01")
    features = read_features(shared_project / "features" / "strong-01.safetensors")
    annotated = int(np.isfinite(features.valence).sum())
    assert players(page)[0]["spec"]["annotated"] == annotated < len(features.valence)


@pytest.mark.parametrize(
    ("parameter", "value", "told"),
    [
        ("frame", "a<b>", "Frame a<b> in this link does not exist (0 to 119); showing the first frame."),
        ("range", "9-3", "Range 9-3 in this link does not exist"),
        ("rows", "{", "The row layout in this link, '{', cannot be read"),
        ("rows", "[1]", "The row layout in this link, '[1]', cannot be read"),
        ("subject", "<b>ghost", "Subject '<b>ghost' in this link is not in the data"),
        ("fusion", "Nope", "This link sets fusion to 'Nope', which is not one of the choices; showing 'CA'."),
        ("dropout", "400", "This link sets dropout to '400', which is not one of the choices; showing '40'."),
        ("seed", "abc", "This link sets seed to 'abc'"),
        ("scaled", "7", "This link sets scaled to '7', which is not one of the choices; showing 'true'."),
    ],
)
def test_an_address_that_cannot_be_is_told_and_the_page_goes_on(open_page, shared_project, parameter, value, told):
    page = open_page(shared_project, **{parameter: value})
    assert told in notices(page)
    assert page.caption
    # The page runs again by itself, and must not take it back unread.
    page.run()
    assert told in notices(page)


def test_an_address_that_says_what_the_page_shows_is_no_news(open_page, shared_project):
    asked = {"fusion": "CA", "dropout": "60", "drop_audio": "true", "scaled": "true", "seed": "0", "pattern": "block"}
    page = open_page(shared_project, **asked)
    assert not page.warning
    assert widget(page.slider, "Audio dropout (%)").value == 60
    widget(page.slider, "Audio dropout (%)").set_value(20).run()
    assert not page.warning


def test_models_that_a_link_names_and_the_folder_lacks_are_told(open_page, shared_project):
    page = open_page(shared_project, fusion="any two checkpoints", checkpoint="gone.safetensors")
    assert "Checkpoint 'gone.safetensors' in this link is not in the checkpoints folder" in notices(page)


def test_a_gate_that_does_nothing_is_named_below_the_curves(monkeypatch):
    monkeypatch.setattr("sys.argv", ["app.py"])
    page = AppTest.from_file(str(PROJECT / "dashboard" / "app.py"), default_timeout=PATIENCE_S)
    files = {"checkpoint": "ca.safetensors", "second": "ca_iaca_strict.safetensors"}
    for name, value in {"subject": "weak-face-09", "fusion": "any two checkpoints", **files}.items():
        page.query_params[name] = value
    page.run()
    said = [literally(caption.value) for caption in page.caption if "gate" in caption.value]
    assert [one for one in said if one.startswith("CA+IACA · valence, stage 1, visual: the gate does not move")]
