"""Files of the published networks: they load, or say why they do not."""

from __future__ import annotations

import os
import zipfile
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor

import iaca
from iaca.checkpoints.pretrained import find_backbone
from iaca.checkpoints.published_files import (
    OTHER,
    TSAV,
    describe_weights,
    identify,
    load_published,
)
from iaca.checkpoints.torch_files import WeightFileError
from iaca.errors import CheckpointError
from iaca.models.published.network import Published, PublishedNetwork
from tests.released_networks import KINDS, SIZES, build, windows


def save_like_the_authors(path: Path, state_dict: dict[str, Tensor], **entries: object) -> Path:
    """A file whose scores name NumPy's scalars where NumPy had them before 2.0."""
    content = {
        "net": state_dict,
        "best_Val_accV": np.float64(0.463),
        "best_Val_accA": np.float64(0.5),
        "best_Val_acc_epoch": 7,
    }
    new = path.with_suffix(".new")
    torch.save(content | entries, new)
    with zipfile.ZipFile(new) as source, zipfile.ZipFile(path, "w") as target:
        for entry in source.infolist():
            data = source.read(entry)
            if entry.filename.endswith("/data.pkl"):
                data = data.replace(b"cnumpy._core.multiarray\n", b"cnumpy.core.multiarray\n")
            target.writestr(entry, data)
    new.unlink()
    return path


@pytest.mark.parametrize("kind", KINDS)
def test_a_file_with_scores_of_an_old_numpy_loads_with_every_weight(tmp_path: Path, kind: Published) -> None:
    model = build(kind)
    path = save_like_the_authors(tmp_path / "cam_model.pt", model.state_dict())
    assert b"cnumpy.core.multiarray\nscalar\n" in path.read_bytes()
    loaded, file = load_published(path)
    assert loaded.kind == kind == file.identity.kind
    assert (file.best_valence_ccc, file.best_arousal_ccc, file.best_epoch) == (0.463, 0.5, 7)
    assert not loaded.training
    assert not any(p.requires_grad for p in loaded.parameters())
    batch = windows(1)
    assert torch.equal(loaded(*batch).valence, model(*batch).valence)


@pytest.mark.parametrize("prefix", ["module.", "_orig_mod.", "module._orig_mod."])
def test_names_with_the_prefix_of_several_gpus_or_of_compiling_load_too(tmp_path: Path, prefix: str) -> None:
    model = build(Published.JCA)
    prefixed = {f"{prefix}{name}": values for name, values in model.state_dict().items()}
    loaded, file = load_published(save_like_the_authors(tmp_path / "parallel.pt", prefixed))
    assert file.identity.exact
    assert torch.equal(loaded.Joint.init_hidden, model.Joint.init_hidden)


SCORES = [
    np.float64(0.5), np.float32(0.5), np.float16(0.5), np.int32(0.5), torch.tensor(0.5), torch.tensor([0.5]),
    torch.tensor(0.5, dtype=torch.float64), 0.5, 1,
]  # fmt: skip


@pytest.mark.parametrize("score", SCORES, ids=lambda score: f"{type(score).__name__} {score}")
def test_scores_of_a_new_numpy_of_torch_and_of_python_are_read(tmp_path: Path, score: object) -> None:
    for epoch in (7, np.int64(7), np.float32(7), torch.tensor(7)):
        torch.save({"net": {}, "best_Val_accV": score, "best_Val_acc_epoch": epoch}, tmp_path / "own.pt")
        file = describe_weights(tmp_path / "own.pt")
        assert (file.best_valence_ccc, file.best_arousal_ccc, file.best_epoch) == (float(score), None, 7)


@pytest.mark.parametrize(
    ("key", "prefix"),
    [
        (None, ""), (None, "_orig_mod."), ("net", "_orig_mod.module."), ("state_dict", "module."), ("model", ""),
        ("model_state_dict", "_orig_mod."),
    ],
)  # fmt: skip
def test_a_run_of_ones_own_loads_wherever_its_weights_stand(tmp_path: Path, key: str | None, prefix: str) -> None:
    model = build(Published.RJCA)
    state = {prefix + name: torch.nn.Parameter(values) for name, values in model.state_dict().items()}
    optimiser = torch.optim.Adam([torch.nn.Parameter(torch.zeros(2))]).state_dict()
    torch.save(state if key is None else {key: state, "optimizer": optimiser, "epoch": 3}, tmp_path / "own.pt")
    loaded = iaca.load_checkpoint(tmp_path / "own.pt").model
    batch = windows(1)
    assert torch.equal(loaded(*batch).valence, model(*batch).valence)


@pytest.mark.parametrize("epoch", [float("inf"), float("nan"), "last", torch.zeros(2)])
def test_an_epoch_that_is_no_number_is_refused(tmp_path: Path, epoch: object) -> None:
    torch.save({"net": {}, "best_Val_acc_epoch": epoch}, tmp_path / "own.pt")
    with pytest.raises(WeightFileError, match=r"best_Val_acc_epoch is .*; expected a"):
        describe_weights(tmp_path / "own.pt")


def test_what_is_refused_for_its_content_is_not_called_damaged(tmp_path: Path) -> None:
    for extra in (np.bool_(True), np.zeros(3), Path()):
        torch.save({"net": {}, "history": extra}, tmp_path / "own.pt")
        with pytest.raises(WeightFileError, match=r"is refused: .*if it is your own, save it without that"):
            describe_weights(tmp_path / "own.pt")


class RunsCode:
    """Pickled, it asks the reader to write a file."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> tuple[object, ...]:
        return os.mkdir, (str(self.path),)


def test_a_pickle_that_would_run_code_is_refused_with_the_reason_and_runs_nothing(tmp_path: Path) -> None:
    trap = tmp_path / "trap"
    path = save_like_the_authors(tmp_path / "evil.pt", {}, extra=RunsCode(trap))
    with pytest.raises(WeightFileError, match=r"evil\.pt is refused: .*mkdir"):
        load_published(path)
    assert not trap.exists()


def test_a_file_that_needs_more_of_numpy_than_its_scalars_is_refused(tmp_path: Path) -> None:
    path = save_like_the_authors(tmp_path / "arrays.pt", {}, history=np.zeros(3))
    with pytest.raises(WeightFileError, match=r"arrays\.pt is refused: .*_reconstruct"):
        load_published(path)


def test_the_allowance_ends_with_the_reading(tmp_path: Path) -> None:
    before = set(torch.serialization.get_safe_globals())
    load_published(save_like_the_authors(tmp_path / "good.pt", build(Published.JCA).state_dict()))
    assert set(torch.serialization.get_safe_globals()) == before


@pytest.mark.parametrize("zipped", [True, False])
@pytest.mark.parametrize("share", [0.0, 0.001, 0.5, 0.999])
def test_a_file_cut_short_is_called_damaged(tmp_path: Path, zipped: bool, share: float) -> None:
    whole, path = tmp_path / "whole.pt", tmp_path / "cut.pt"
    content = {"net": build(Published.JCA).state_dict(), "best_Val_acc_epoch": 1}
    torch.save(content, whole, _use_new_zipfile_serialization=zipped)
    data = whole.read_bytes()
    path.write_bytes(data[: int(share * len(data))])
    with pytest.raises(WeightFileError, match=r"cut\.pt is damaged, cut short"):
        load_published(path)


@pytest.mark.parametrize("content", [b"", b"valence,arousal\n0.1,0.2\n", bytes(range(256)) * 8])
def test_a_file_of_another_kind_is_called_no_weight_file(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "labels.txt"
    path.write_bytes(content)
    with pytest.raises(WeightFileError, match=r"labels\.txt is damaged, cut short, or no weight file"):
        describe_weights(path)


def test_a_missing_file_and_a_folder_are_named(tmp_path: Path) -> None:
    with pytest.raises(WeightFileError, match=r"absent\.pt does not exist"):
        load_published(tmp_path / "absent.pt")
    with pytest.raises(WeightFileError, match="cannot be read"):
        load_published(tmp_path)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ([1, 2], "holds a list; expected a state dict, or a dict with it under one of: net"),
        ({"weights": 1}, "holds a dict with weights; expected a state dict"),
        ({"model": {}}, "something else"),
        ({"net": {"a": 1}}, "'net' is not a state dict"),
        ({"net": [1]}, "'net' is not a state dict"),
        ({"net": {}, "best_Val_accV": "high"}, "best_Val_accV is a str; expected a number"),
        ({"net": {}}, "something else"),
    ],
)
def test_a_file_with_other_content_says_what_it_holds(tmp_path: Path, content: object, message: str) -> None:
    torch.save(content, tmp_path / "other.pt")
    with pytest.raises(WeightFileError, match=message):
        load_published(tmp_path / "other.pt")


@pytest.mark.parametrize("kind", KINDS)
def test_every_published_network_is_recognised(kind: Published) -> None:
    identity = identify(PublishedNetwork(kind).state_dict())
    assert identity.exact
    assert (identity.kind, identity.tensors, identity.values) == (kind, *SIZES[kind])
    assert identity.summary.endswith("complete")


def test_differences_to_the_nearest_network_are_told_in_plain_words(tmp_path: Path) -> None:
    state_dict = build(Published.RJCA).state_dict()
    del state_dict["Joint.linear.bias"]
    state_dict["epochs"] = torch.zeros(1)
    state_dict["vregressor.0.weight"] = torch.zeros(64, 512)
    identity = identify(state_dict)
    assert identity.kind == Published.RJCA
    assert not identity.exact
    assert identity.missing == ("Joint.linear.bias",)
    assert identity.extra == ("epochs",)
    assert identity.other_shape == (("vregressor.0.weight", (64, 512), (128, 512)),)
    with pytest.raises(WeightFileError, match=r"1 missing: Joint\.linear\.bias; 1 extra: epochs; 1 of another shape"):
        load_published(save_like_the_authors(tmp_path / "near.pt", state_dict))


def test_an_unrelated_state_dict_is_something_else() -> None:
    identity = identify(torch.nn.Linear(3, 2).state_dict())
    assert identity.kind == OTHER
    assert not identity.exact
    assert "weight, bias" in identity.summary


def test_a_network_with_a_weight_that_is_not_finite_is_refused(tmp_path: Path) -> None:
    state_dict = build(Published.JCA).state_dict()
    state_dict["Joint.linear.bias"][0] = torch.inf
    torch.save({"net": state_dict}, tmp_path / "jca.pt")
    with pytest.raises(iaca.CheckpointError, match=r"'Joint\.linear\.bias' has a value that is not finite"):
        load_published(tmp_path / "jca.pt")


def test_a_description_names_the_network_its_dimensions_and_its_scores(tmp_path: Path) -> None:
    path = save_like_the_authors(tmp_path / "dca.pt", build(Published.DCA).state_dict())
    facts = describe_weights(path).describe()
    assert (facts["kind"], facts["fusion"], facts["stage1"], facts["stage2"]) == ("published DCA", "rjca", True, False)
    assert (facts["audio_dim"], facts["visual_dim"], facts["dim"], facts["clips"]) == (512, 25088, 512, 16)
    assert facts["scores"] == {"valence": 0.463, "arousal": 0.5}
    assert facts["missing"] == facts["extra"] == facts["other_shape"] == []


@pytest.fixture(scope="module")
def tsav() -> dict[str, Tensor]:
    """Tensors of the TSAV file, made by torchvision's networks as its authors changed them."""
    from torchvision.models import resnet18
    from torchvision.models.video import r2plus1d_18

    torch.manual_seed(0)
    audio, visual = resnet18(), r2plus1d_18()
    audio.conv1 = torch.nn.Conv2d(1, 64, 7, bias=False)
    visual.stem[0] = torch.nn.Conv3d(4, 45, (1, 7, 7), bias=False)
    audio.fc = visual.fc = torch.nn.Identity()
    state_dict = {f"audio_model.resnet.{k}": v for k, v in audio.state_dict().items()}
    state_dict |= {f"video_model.r2plus1d.{k}": v for k, v in visual.state_dict().items()}
    return state_dict | {"fc.1.weight": torch.zeros(17, 1024), "fc.1.bias": torch.zeros(17)}


def test_the_tsav_file_gives_two_backbones(tmp_path: Path, tsav: dict[str, Tensor]) -> None:
    torch.save({"state_dict": tsav}, tmp_path / "tsav.pth.tar")
    assert describe_weights(tmp_path / "tsav.pth.tar").identity[:2] == (TSAV, 344)
    audio, visual = (find_backbone(tmp_path / "tsav.pth.tar", modality) for modality in ("audio", "visual"))
    assert (audio.config.arch, visual.config.arch) == ("resnet18", "r2plus1d_18")
    first = visual.model.body.state_dict()["stem.0.weight"]
    assert torch.equal(first, tsav["video_model.r2plus1d.stem.0.weight"][:, 0:3])
    last = audio.model.body.state_dict()["layer4.1.bn2.running_var"]
    assert torch.equal(last, tsav["audio_model.resnet.layer4.1.bn2.running_var"])


def test_the_right_reader_is_named_for_a_file_of_the_other_kind(tmp_path: Path, tsav: dict[str, Tensor]) -> None:
    torch.save({"state_dict": tsav}, tmp_path / "tsav.pt")
    with pytest.raises(WeightFileError, match="find_backbone reads it"):
        load_published(tmp_path / "tsav.pt")
    with pytest.raises(iaca.CheckpointError, match=r"TSAV backbone .*iaca\.load_backbone"):
        iaca.load_checkpoint(tmp_path / "tsav.pt")


def test_a_tsav_file_without_its_mask_channel_is_not_taken_for_the_published_one(tsav: dict[str, Tensor]) -> None:
    stem = "video_model.r2plus1d.stem.0.weight"
    identity = identify(tsav | {stem: tsav[stem][:, :3]})
    assert identity.kind == TSAV
    assert identity.other_shape == ((stem, (45, 3, 1, 7, 7), (45, 4, 1, 7, 7)),)


def test_a_zip_that_unpacks_to_more_than_it_is_is_refused_before_it_is_unpacked(tmp_path: Path) -> None:
    path = tmp_path / "bomb.pt"
    torch.save({"net": {"a": torch.zeros(2)}}, path)
    with zipfile.ZipFile(path, "a", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("archive/data/9", bytes(2**24))
    with pytest.raises(WeightFileError, match="unpacks to"):
        describe_weights(path)


def test_a_network_of_integers_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "ints.pt"
    state = PublishedNetwork(next(iter(Published))).state_dict()
    torch.save({"net": {name: values.to(torch.int32) for name, values in state.items()}}, path)
    with pytest.raises(CheckpointError, match="is int32"):
        load_published(path)
