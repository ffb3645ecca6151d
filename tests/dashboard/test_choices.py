"""Which models and which data the page shows."""

from __future__ import annotations

import os
import shutil

import pytest
import torch

from dashboard.services import corpora, model_files, traces
from dashboard.state.folders import Folders, Source
from iaca.models.published.network import Published, PublishedNetwork
from tests.damage import rewritten
from tests.dashboard.projects import Spec, write_model, write_project, write_seeds
from tests.dashboard.test_page import notices, open_page, score_lines, widget  # noqa: F401  open_page is a fixture

PLUGIN = """
import torch
import iaca
from iaca.types import Attended

class Swap(torch.nn.Module):
    def forward(self, audio, visual):
        return Attended(audio, visual, audio + visual, visual + audio, audio_residual=visual, visual_residual=audio)

iaca.register_fusion("{name}", lambda config: Swap())
"""


@pytest.fixture(scope="module")
def all_fusions(tmp_path_factory):
    root = write_project(tmp_path_factory.mktemp("choices"), [Spec("strong-01", 90)])
    for fusion in ("jca", "concat"):
        for iaca in (False, True):
            name = f"{fusion}_iaca" if iaca else fusion
            write_model(root / "checkpoints" / f"{name}.safetensors", iaca=iaca, seed=1, fusion=fusion)
    return root


@pytest.fixture
def project(all_fusions, tmp_path):
    return shutil.copytree(all_fusions, tmp_path / "data")


def rows_of_table(page):
    return list(score_lines(page))


def test_fusions_come_in_the_papers_order_and_ca_is_first_shown(open_page, all_fusions):  # noqa: F811
    page = open_page(all_fusions)
    fusion = widget(page.selectbox, "Fusion")
    assert fusion.options == ["Concat", "CA", "JCA", "any two checkpoints"]
    assert rows_of_table(page) == ["CA", "CA+IACA"]
    fusion.set_value("JCA").run()
    assert rows_of_table(page) == ["JCA", "JCA+IACA"]
    option = widget(page.selectbox, "Subject").options[0]
    assert " JCA " in option
    assert " JCA+IACA " in option


@pytest.mark.parametrize(("asked", "shown"), [("concat", "Concat"), ("CONCAT", "Concat"), ("jca", "JCA"), ("Ca", "CA")])
def test_a_link_opens_a_fusion_in_any_spelling(open_page, all_fusions, asked, shown):  # noqa: F811
    page = open_page(all_fusions, fusion=asked)
    assert widget(page.selectbox, "Fusion").value == shown
    assert not page.warning
    assert rows_of_table(page) == [shown, f"{shown}+IACA"]


def test_further_models_are_shown_over_the_same_clock_and_score_no_list(open_page, all_fusions):  # noqa: F811
    page = open_page(all_fusions, more=["jca.safetensors", "CONCAT", "ca.safetensors"])
    assert not page.exception
    assert widget(page.multiselect, "Further models").value == [
        "jca.safetensors",
        "concat.safetensors",
        "ca.safetensors",
    ]
    assert rows_of_table(page) == ["CA", "CA+IACA", "JCA", "Concat"]
    assert " JCA " not in widget(page.selectbox, "Subject").options[0]


def test_seeds_of_one_model_are_one_on_the_page_and_leave_room_for_more(open_page, tmp_path):  # noqa: F811
    root = write_project(tmp_path / "seeds", [Spec("strong-01", 60)])
    names = [f"{one.name}.safetensors" for one in write_seeds(root / "checkpoints", 5, iaca=True)]
    page = open_page(root, more=names, seeds="true")
    assert not page.exception
    assert not page.warning
    assert rows_of_table(page) == ["CA", "CA+IACA", "CA+IACA, 5 seeds"]
    widget(page.toggle, "Seeds of one model as a band").set_value(False).run()
    assert len(rows_of_table(page)) == 6
    assert "1 of the chosen models are left out: 6 can be told apart" in notices(page)


def test_a_link_to_robustness_opens_models_in_any_spelling(open_page, all_fusions):  # noqa: F811
    page = open_page(all_fusions)
    page.query_params["models"] = ["CONCAT", "jca+iaca"]
    page.switch_page("app_pages/robustness.py").run()
    assert not page.exception
    assert widget(page.multiselect, "Models").value == ["Concat", "JCA+IACA"]
    assert not page.warning


def test_the_subject_stays_when_other_models_are_chosen(open_page, all_fusions, tmp_path):  # noqa: F811
    root = write_project(tmp_path / "two", [Spec("strong-01", 60), Spec("strong-02", 60)])
    write_model(root / "checkpoints" / "concat.safetensors", iaca=False, seed=1, fusion="concat")
    page = open_page(root)
    widget(page.selectbox, "Subject").select_index(1).run()
    # The default is what a browser shows that has not drawn the box before.
    assert widget(page.selectbox, "Subject").proto.default == 1
    widget(page.selectbox, "Fusion").set_value("Concat").run()
    assert page.query_params["subject"] in ("strong-02", ["strong-02"])
    assert widget(page.run().selectbox, "Subject").proto.default == 1
    assert "Concat" in widget(page.selectbox, "Subject").options[1]
    assert "concat_iaca.safetensors does not exist" in notices(page)


def test_every_split_is_listed_and_only_validation_is_pooled(open_page, tmp_path):  # noqa: F811
    root = write_project(tmp_path / "data", [Spec(name, 60) for name in ("a", "b", "c", "d")])
    challenge = root / "annotations" / "VA_Estimation_Challenge"
    (challenge / "Train_Set").mkdir()
    (challenge / "Validation_Set" / "a.txt").rename(challenge / "Train_Set" / "a.txt")
    for name in ("b", "c"):
        (challenge / "Validation_Set" / f"{name}.txt").unlink()
    (root / "Valence_Arousal_Estimation_Challenge_test_set_release.txt").write_text("b\n")
    (root / "features" / "c.safetensors").unlink()
    options = widget(open_page(root).selectbox, "Subject").options
    assert [option.split(" · ")[0] for option in options] == ["d", "b", "a"]
    assert [" · test · " in option for option in options] == [False, True, False]
    assert [" · train · " in option for option in options] == [False, False, True]
    folders = Folders(
        (Source((root,), root / "features"),), root / "checkpoints", root / "cache", False, root / "cache"
    )
    assert [subject.name for subject in corpora.corpus(folders).pooled] == ["d"]


def test_feature_files_alone_are_told_to_lack_videos_and_nothing_else(open_page, all_fusions, tmp_path):  # noqa: F811
    write_project(tmp_path / "whole", [Spec("own-1", 60)])
    (tmp_path / "bare").mkdir()
    (tmp_path / "whole" / "features").rename(tmp_path / "bare" / "features")
    said = notices(open_page(all_fusions, ("--data", str(tmp_path / "bare"))))
    assert "own-1.safetensors has no video under" in said
    assert "No subject was found" not in said


def test_a_name_that_is_no_text_hides_nobody_else(open_page, project):  # noqa: F811
    features = project / "features"
    shutil.copy(features / "strong-01.safetensors", features / os.fsdecode(b"no text \xff.safetensors"))
    page = open_page(project)
    assert not page.exception
    assert "1, such as no text" in notices(page)
    assert [option.split(" ")[0] for option in widget(page.selectbox, "Subject").options] == ["strong-01"]


def test_a_name_that_holds_the_separator_can_be_chosen(open_page, tmp_path):  # noqa: F811
    page = open_page(write_project(tmp_path / "data", [Spec("a", 60), Spec("a · b", 60)]))
    widget(page.selectbox, "Subject").select_index(1).run()
    assert not page.exception
    assert page.query_params["subject"] in ("a · b", ["a · b"])


def test_any_two_checkpoints_or_one_alone_are_shown(open_page, project):  # noqa: F811
    write_model(project / "checkpoints" / "ca_seed2.safetensors", iaca=False, seed=9)
    page = open_page(project, fusion="any two checkpoints", checkpoint="ca_seed2.safetensors", second="ca.safetensors")
    assert not page.warning
    assert rows_of_table(page) == ["CA (ca_seed2.safetensors)", "CA (ca.safetensors)"]
    assert "CA · ca_seed2.safetensors" in widget(page.selectbox, "Checkpoint").options
    assert "CA · ca_seed2.safetensors" not in widget(page.selectbox, "Checkpoint, second").options
    widget(page.selectbox, "Checkpoint").set_value("jca_iaca.safetensors").run()
    widget(page.selectbox, "Checkpoint, second").set_value("none").run()
    assert not page.exception
    assert rows_of_table(page) == ["JCA+IACA"]
    assert page.query_params["second"] in ("none", ["none"])


def test_the_name_of_a_checkpoint_is_also_shown_where_its_box_cuts_it(open_page, project):  # noqa: F811
    name = "ca_without_modality_dropout_in_training_seed_2.safetensors"
    write_model(project / "checkpoints" / name, iaca=False, seed=9)
    page = open_page(project, fusion="any two checkpoints", checkpoint=name, second="ca.safetensors")
    assert f"CA · {name}".replace("_", "\\_") in [caption.value for caption in page.caption]
    assert not any("ca.safetensors" in caption.value for caption in page.sidebar.caption)


def test_backbones_and_strangers_are_no_models_and_a_damaged_file_is_told(project):
    folder = project / "checkpoints"
    (folder / "broken.safetensors").write_bytes(b"\x00" * 30)
    (folder / "notes.txt").write_text("nothing")
    from safetensors.torch import save_file

    save_file({"weight": torch.zeros(2)}, folder / "stranger.safetensors")
    save_file({"weight": torch.zeros(2)}, folder / "slim.safetensors", {"iaca": '{"kind": "backbone"}'})
    save_file({"weight": torch.zeros(2)}, folder / "odd.safetensors", {"iaca": '{"kind": "fusion"}'})
    shelf = model_files.shelf(folder)
    names = [model.path.name for model in shelf.models]
    assert names == [f"{n}{i}.safetensors" for n in ("ca", "concat", "jca") for i in ("", "_iaca")]
    assert len(shelf.problems) == 2
    assert all(name in "".join(shelf.problems) for name in ("broken.safetensors", "odd.safetensors"))


@pytest.mark.parametrize(("gate", "title"), [("gmu", "CA+GMU"), ("forget", "CA+forget gate")])
def test_a_gate_of_related_work_is_shown_with_the_stage_that_it_has(open_page, project, gate, title):  # noqa: F811
    write_model(project / "checkpoints" / "ca_iaca.safetensors", iaca=True, seed=1, fusion="ca", gate=gate)
    assert title in [model.title for model in model_files.shelf(project / "checkpoints").models]
    page = open_page(project)
    assert rows_of_table(page) == ["CA", title]
    assert not page.exception


def test_a_published_network_has_its_place_and_says_why_it_does_not_fit(open_page, project):  # noqa: F811
    network = PublishedNetwork(Published.JCA)
    torch.save({"net": network.state_dict()}, project / "checkpoints" / "authors.pt")
    page = open_page(project, fusion="published networks")
    assert widget(page.selectbox, "Fusion").options[-2:] == ["published networks", "any two checkpoints"]
    assert "model authors expects" in notices(page)


def test_a_plugin_named_on_the_command_line_opens_its_models(open_page, project, monkeypatch):  # noqa: F811
    (project / "swap_for_pages.py").write_text(PLUGIN.format(name="swap_for_pages"))
    monkeypatch.syspath_prepend(project)
    page = open_page(project, ("--plugin", "swap_for_pages", "--plugin", "swap_for_pages"))
    write_model(project / "checkpoints" / "swap.safetensors", iaca=True, seed=1, fusion="swap_for_pages")
    page = open_page(project, ("--plugin", "swap_for_pages"), fusion="SWAP_FOR_PAGES")
    assert rows_of_table(page) == ["SWAP_FOR_PAGES+IACA"]


def test_a_plugin_that_fails_is_one_sentence(open_page, all_fusions):  # noqa: F811
    page = open_page(all_fusions, ("--plugin", "is_not_there"))
    assert "plugin 'is_not_there' was not found" in notices(page)
    assert rows_of_table(page) == ["CA", "CA+IACA"]


def test_a_model_that_needs_a_plugin_says_which(open_page, project):  # noqa: F811
    folder = project / "checkpoints"

    def change(header, tensors):
        header["plugin"], header["config"]["fusion"] = "secrets", "secret"

    rewritten(folder / "ca.safetensors", folder / "secret.safetensors", change)
    page = open_page(project, fusion="any two checkpoints", checkpoint="secret.safetensors", second="ca.safetensors")
    assert "--plugin secrets" in notices(page)
    assert rows_of_table(page) == ["CA"]


@pytest.fixture(scope="module")
def own(tmp_path_factory):
    root = write_project(tmp_path_factory.mktemp("own data"), [Spec("own-1", 60)])
    (root / "corpus.json").unlink()
    return root


@pytest.mark.parametrize("way", ["command line", "environment", "sidebar"])
def test_ones_own_subjects_come_before_the_demo_and_only_the_demo_has_a_banner(
    open_page,  # noqa: F811
    all_fusions,
    own,
    way,
    monkeypatch,
):
    if way == "command line":
        page = open_page(all_fusions, ("--data", str(own)))
    elif way == "environment":
        monkeypatch.setenv("IACA_DATA", str(own))
        page = open_page(all_fusions)
    else:
        page = open_page(all_fusions)
        widget(page.text_area, "Data roots").set_value(f"{own}\n").run()
        widget(page.selectbox, "Subject").select_index(0).run()
    names = [option.split(" · ")[0] for option in widget(page.selectbox, "Subject").options]
    assert names == ["own-1", "strong-01"]
    assert not page.warning
    assert "Synthetic" not in " ".join(one.value for one in page.caption)
    widget(page.selectbox, "Subject").select_index(1).run()
    assert "Synthetic" in " ".join(one.value for one in page.caption)
    assert score_lines(page)


def test_features_and_checkpoints_may_lie_elsewhere(open_page, all_fusions, own, tmp_path):  # noqa: F811
    shutil.copytree(own / "batch1", tmp_path / "bare" / "batch1")
    shutil.copytree(own / "annotations", tmp_path / "bare" / "annotations")
    page = open_page(
        all_fusions,
        (
            "--data",
            str(tmp_path / "bare"),
            "--features",
            str(own / "features"),
            "--checkpoints",
            str(own / "checkpoints"),
        ),
    )
    assert widget(page.selectbox, "Fusion").options == ["CA", "any two checkpoints"]
    assert rows_of_table(page) == ["CA", "CA+IACA"]


def test_a_folder_that_does_not_exist_is_one_sentence(open_page, all_fusions, tmp_path):  # noqa: F811
    page = open_page(all_fusions, ("--data", str(tmp_path / "nowhere"), "--checkpoints", str(tmp_path / "none")))
    said = notices(page)
    assert said.count(f"{tmp_path / 'nowhere'} does not exist") == 1
    assert said.count(f"{tmp_path / 'none'} does not exist") == 1
    assert widget(page.selectbox, "Subject").options[0].startswith("strong-01")


def test_a_folder_whose_name_only_looks_like_a_home_is_a_folder(open_page, all_fusions):  # noqa: F811
    said = notices(open_page(all_fusions, ("--data", "~nobody of this name")))
    assert "~nobody of this name does not exist" in said


def test_an_option_that_does_not_exist_is_told(open_page, all_fusions):  # noqa: F811
    assert "no option --dta" in notices(open_page(all_fusions, ("--dta", "x")))
    assert "--data" in notices(open_page(all_fusions, ("--data",)))


def test_only_the_first_subjects_are_scored_for_the_list():
    assert traces.first_in_budget([4, 4, 4], 8) == 2
    assert traces.first_in_budget([9, 1], 8) == 0
    assert traces.first_in_budget([], 8) == 0
    assert traces.first_in_budget([1] * 300) == 300
