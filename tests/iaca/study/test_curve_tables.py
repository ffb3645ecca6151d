"""One table of many subjects and models says what it was made of."""

from __future__ import annotations

import pandas as pd
import pytest

import iaca
from iaca.checkpoints import load_checkpoint, save_checkpoint
from iaca.config import OWN_GATES, DropoutConfig
from iaca.features.feature_files import write_features
from iaca.files import file_sha256
from iaca.study.curve_tables import Curves, write_tables
from iaca.study.provenance import features_fingerprint
from tests.conftest import make_features, make_model

CURVES = Curves((DropoutConfig(modality="audio", share=0.5, seed=2),), OWN_GATES, 0.2)


@pytest.fixture
def project(tmp_path):
    files = [tmp_path / f"s{k}.safetensors" for k in range(3)]
    for k, file in enumerate(files):
        write_features(file, make_features(200, 4, seed=k, subject=f"s{k}"))
    save_checkpoint(tmp_path / "model.safetensors", make_model(iaca=True), backbones=make_features().backbones)
    return tmp_path, files, [load_checkpoint(tmp_path / "model.safetensors")]


def test_metadata_name_models_change_versions_and_data(project):
    folder, files, models = project
    tables = (CURVES.tables(file, models) for file in files)
    assert write_tables(folder / "all.parquet", tables, files, models, CURVES) == 600
    facts = pd.read_parquet(folder / "all.parquet").attrs
    assert facts["models"]["model"]["sha256"] == file_sha256(folder / "model.safetensors")
    assert facts["what_if"]["dropouts"][0]["share"] == 0.5
    assert facts["relationship_threshold"] == 0.2
    assert facts["versions"]["iaca"] == iaca.__version__
    assert facts["features"] == {"files": 3, "sha256": features_fingerprint(files)}
    before = features_fingerprint(files)
    write_features(files[1], make_features(200, 4, seed=9, subject="s1"))
    assert features_fingerprint(files) != before


def test_what_fails_in_between_leaves_no_file(project):
    folder, files, models = project

    def tables():
        yield CURVES.tables(files[0], models)
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        write_tables(folder / "all.parquet", tables(), files, models, CURVES)
    assert not list(folder.glob("*.parquet"))
