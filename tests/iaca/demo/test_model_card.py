"""The model card that ships follows from the files and the study that ship."""

from __future__ import annotations

from pathlib import Path

from iaca.demo.model_card import model_card
from iaca.demo.rebuild import ChainSize

ROOT = Path(__file__).resolve().parents[3]


def test_the_card_that_ships_is_written_again_from_what_ships():
    card = model_card(ROOT / "checkpoints", ROOT / "demo" / "results", ChainSize().people)
    assert card == (ROOT / "checkpoints" / "README.md").read_text(encoding="utf-8")
