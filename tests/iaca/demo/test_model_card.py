"""The model card that ships follows from the files and the study that ship."""

from __future__ import annotations

from pathlib import Path

from iaca.demo.model_card import model_card
from iaca.demo.rebuild import ChainSize
from iaca.features.folder import read_folder

ROOT = Path(__file__).resolve().parents[3]


def test_the_card_that_ships_is_written_again_from_what_ships():
    validation = read_folder(ROOT / "demo" / "study", "validation")
    card = model_card(ROOT / "checkpoints", ROOT / "demo" / "results", ChainSize().people, validation)
    assert card == (ROOT / "checkpoints" / "README.md").read_text(encoding="utf-8")
