"""Traces of the page: what is kept on the disk for them may be damaged."""

from __future__ import annotations

import numpy as np
import pytest

from dashboard.services.traces import CorruptedFeatures, features
from dashboard.state.known_files import is_there, look
from iaca.errors import InputError
from iaca.features.feature_files import write_features
from tests.conftest import make_features


@pytest.mark.parametrize("damage", [b"", b"no array", None], ids=["empty", "else", "cut"])
def test_damaged_features_of_a_corruption_are_removed_so_that_they_are_made_again(tmp_path, damage):
    item = make_features(40, 8)
    write_features(tmp_path / "a.safetensors", item)
    kept = tmp_path / "what_if.npy"
    np.save(kept, np.zeros_like(item.audio, np.float16))
    assert not features(tmp_path / "a.safetensors", (CorruptedFeatures("audio", look(kept)),)).audio.any()
    kept.write_bytes(kept.read_bytes()[:-7] if damage is None else damage)
    with pytest.raises(InputError, match=r"what_if\.npy was damaged and has been removed; choose the corruption again"):
        features(tmp_path / "a.safetensors", (CorruptedFeatures("audio", look(kept)),))
    assert not is_there(kept)
