"""Panels of figures: which models stand together, and that one can tell them apart."""

from __future__ import annotations

import pytest

from iaca.figures import palette
from iaca.figures.roles import CONTROL, fusion_of, panels, role_of, short_titles, styles


@pytest.mark.parametrize(
    ("title", "fusion", "role"),
    [
        ("CA", "CA", "base fusion"),
        ("CA+IACA", "CA", "with IACA"),
        ("CA+blind gates", "CA", "with blind gates"),
        ("CA+IACA (other.safetensors)", "CA", "with IACA (other.safetensors)"),
        ("TCN-Transformer (a.safetensors)", "TCN-Transformer", "base fusion (a.safetensors)"),
        ("MY FUSION+IACA", "MY FUSION", "with IACA"),
        ("Concat", "Concat", "Concat"),
    ],
)
def test_a_title_says_its_fusion_and_its_role(title, fusion, role):
    assert (fusion_of(title), role_of(title)) == (fusion, role)


def test_a_title_keeps_its_file_only_beside_another_of_its_name():
    ours, other = "CA+IACA (ca_iaca.safetensors)", "CA+IACA (other.safetensors)"
    assert short_titles(["CA (ca.safetensors)", ours]) == {"CA (ca.safetensors)": "CA", ours: "CA+IACA"}
    assert short_titles([ours, other, "CA"]) == {ours: ours, other: other, "CA": "CA"}


def test_a_model_without_attention_stands_in_every_panel_or_alone():
    assert panels(["JCA", "Concat", "CA", "JCA+IACA", "JCA"]) == {
        "JCA": ["JCA", "Concat", "JCA+IACA"],
        "CA": ["Concat", "CA"],
    }
    assert panels(["Concat"]) == {"Concat": ["Concat"]}
    assert panels([]) == {}


def test_models_of_a_role_are_drawn_alike_in_all_panels():
    drawn = styles(["Concat", "CA", "CA+IACA", "CA+blind gates", "JCA+blind gates", "JCA+IACA"])
    assert drawn["CA"] is palette.MODELS[0]
    assert drawn["CA+IACA"] is drawn["JCA+IACA"] is palette.MODELS[1]
    assert drawn["CA+blind gates"] is drawn["JCA+blind gates"] is palette.MODELS[2]
    assert drawn["Concat"] is CONTROL


def test_up_to_four_models_of_a_panel_are_told_apart():
    titles = ["CA+IACA (a)", "CA+IACA (b)", "CA (c)", "Concat", "JCA+IACA (a)", "JCA+IACA"]
    drawn = styles(titles)
    assert list(drawn) == titles
    for members in panels(titles).values():
        looks = [drawn[title] for title in members]
        assert len({look.colour for look in looks}) == len({look.shape for look in looks}) == len(members)
