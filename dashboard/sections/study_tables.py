"""Words and tables of the page Results: what is decided, what there is to gain, the paper's scores, live gates."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd
import streamlit as st

from dashboard.sections.notices import literal
from dashboard.services import study_decisions
from dashboard.state import session

NUMBER = st.column_config.NumberColumn(format="%.3f")
MOST_NAMED = 4
"""Cases that a sentence names; where there are more, it counts them."""

PER_CENT = st.column_config.NumberColumn(format="%+.1f %%")


def answers(primary: pd.DataFrame) -> None:
    """What the primary contrasts say, and how to read them."""
    st.subheader("What the study decides")
    st.markdown(
        "\n".join(f"- **{literal(one.question)}** {literal(one.verdicts)}" for one in study_decisions.answers(primary))
    )
    st.caption(
        f"{literal(study_decisions.compared_on(primary))}. Blind gates learn their weights but cannot see the input. "
        "Concat is plain concatenation, without attention. These contrasts were fixed before the test draw was made; "
        "everything else on this page is exploratory. "
        "Difference in CCC, mean over seeds, with its 95% interval over subjects and seeds. Filled: validation; "
        "hollow: test. ▶ helps, ◀ hurts: p, adjusted for all contrasts (Holm), is below 0.05. ■ equivalent: the "
        "interval lies within ±0.02, the shaded band. ◆ nothing to gain here: not even a detector that was taught what "
        "is wrong with the input gains 0.02. ● no clear difference. "
        "Detectable: the smallest difference that would be found with a chance of 80%."
    )


def headroom(table: pd.DataFrame) -> None:
    """What knowing, or being taught, the episodes gains over each base."""
    st.subheader("What is there to gain?")
    st.markdown(
        "**Informed switch**: whoever knows the episodes takes the intact modality. **Attainable switch**: so does a "
        "detector that was taught the episodes from the same features, the most that a gate could be expected to know. "
        "**Told**: the base with the episodes as inputs. **Forced gates**: a trained IACA with its gates set by the "
        "episodes."
    )
    frames = list(dict.fromkeys(table["frames"]))
    chosen = st.selectbox("Frames", frames, format_func=study_decisions.frames_title, **session.RESULTS_HEADROOM.widget)
    little, enough = study_decisions.nothing_to_gain(table, chosen)
    least = study_decisions.LEAST_HEADROOM
    if little:
        st.markdown(
            f"**Nothing to gain here** (the attainable switch gains less than {least:g}, so there is no verdict on "
            f"gates): {literal(_named(little, len(little) + len(enough)))}."
        )
    if enough:
        st.markdown(f"Something to gain: {literal(_named(enough, len(little) + len(enough)))}.")
    st.caption("CCC, and in brackets the gain over the base with its 95% interval.")
    st.dataframe(study_decisions.headroom_rows(table, chosen), hide_index=True, key="results_headroom")


def _named(cases: Sequence[str], total: int) -> str:
    if len(cases) <= MOST_NAMED:
        return "; ".join(cases)
    return f"{len(cases)} of {total} bases, targets and draws; the rows “attainable switch” below have each"


def published(scores: pd.DataFrame) -> None:
    """Tables 1 and 2 of the paper, and ours beside them."""
    st.subheader("As published, and ours beside it")
    st.markdown(study_decisions.PUBLISHED_NOTE)
    first, second = study_decisions.published_tables(scores)
    label = study_decisions.PUBLISHED_LABEL
    st.caption(f"Table 2 ({label}): CCC on the validation set, and the change in per cent of the score without IACA.")
    numbers = {
        name: PER_CENT if name.endswith("change") else NUMBER
        for name in map(str, second)
        if name not in ("fusion", "target")
    }
    st.dataframe(second, hide_index=True, column_config=numbers, key="results_table_2")
    st.caption(f"Table 1 ({label}): CCC of other methods; ours are fusion stages that we rebuilt, not their systems.")
    numbers = {name: NUMBER for name in map(str, first) if name not in ("method", "fusion")}
    st.dataframe(first, hide_index=True, column_config=numbers, key="results_table_1")


def health(table: pd.DataFrame) -> None:
    """In how many seeds each gate does nothing."""
    st.subheader("Do the gates move?")
    rows = study_decisions.health_rows(table)
    dead = rows[~rows["seeds dead"].str.startswith("0 of")]
    st.markdown(
        f"{len(dead)} of {len(rows)} gates are dead in at least one seed. A gate is dead where its weights stay within "
        "0.05 of each other over all clips, or where one side has more than 0.95 on more than 95% of them."
    )
    numbers = {"least range": NUMBER, "largest range": NUMBER}
    st.dataframe(rows, hide_index=True, column_config=numbers, key="results_health")
