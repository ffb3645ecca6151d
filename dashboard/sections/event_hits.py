"""Hits of a search in all subjects, on the page Corpus."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial

import pandas as pd
import streamlit as st

from dashboard.sections import corpus_choice, downloads, event_query, hits_here, what_if
from dashboard.sections.corpus_choice import Choice
from dashboard.sections.event_query import Asked
from dashboard.sections.hits_here import Place
from dashboard.sections.notices import literal
from dashboard.sections.progress import show_bar, watch
from dashboard.services import event_search, jobs, model_files, overviews, traces
from dashboard.services.corpora import Corpus, Subject
from dashboard.services.event_search import Found, Wanted
from dashboard.services.file_names import change_part, models_part, stem, threshold_part
from dashboard.services.model_files import Chosen
from iaca.config import UNCHANGED, WhatIf

BEGUN = "_event_job"
"""Session key: the job that this visit began last."""

TABLE = "event_table"
HEIGHT_PX = 290


def show_all(
    subjects: Sequence[Subject], corpus: Corpus, models: Sequence[Chosen], choice: Choice, place: Place
) -> None:
    """The form, and what is found in all subjects; a part of the page Corpus.

    Args:
        subjects: Those with features.
        corpus: With their known episodes.
        models: At least one.
        choice: Whom to list.
        place: Where to search.
    """
    asked = event_query.choose(models, choice.target)
    model = asked.model_of(models)
    wanted = event_search.wanted(
        subjects, corpus.episodes, model.path, asked.query(place.threshold), place.change, place.device, place.cache
    )
    begun = st.session_state.get(BEGUN)
    if begun not in (None, wanted.key) and (job := jobs.find(begun)) is not None:
        job.stop()
    if not event_search.found(wanted).is_whole and jobs.find(wanted.key) is None:
        clips = [length[1] for one in subjects if (length := traces.length(one)) is not None]
        if traces.first_in_budget(clips) == len(clips):
            _begin(wanted)
    by_name = {one.name: one for one in subjects}
    watch([jobs.find(wanted.key)], partial(_draw, asked, wanted, model, models, choice, by_name))


def _begin(wanted: Wanted) -> None:
    st.session_state[BEGUN] = wanted.key
    event_search.begin(wanted)


def _draw(
    asked: Asked, wanted: Wanted, model: Chosen, models: Sequence[Chosen], choice: Choice,
    subjects: Mapping[str, Subject],
) -> None:  # fmt: skip
    seen, job = event_search.found(wanted), jobs.find(wanted.key)
    if not seen.is_whole:
        if job is not None and not job.ended:
            already = seen.total - job.total if job.total else 0
            show_bar(job, "Searching", "subjects", key="event_stop", already_done=already)
            return
        if job is not None and job.error:
            st.error(literal(job.error))
        line = st.container(horizontal=True, vertical_alignment="center")
        if line.button("Resume" if seen.done else "Search", icon=":material/search:", key="event_go"):
            _begin(wanted)
            st.rerun()
        line.caption(f"{seen.total - seen.done:,} of {seen.total:,} subjects are not searched yet.")
    for problem in seen.problems[:3]:
        st.warning(literal(problem), icon=":material/warning:")
    if not seen.events:
        return
    counts = event_search.count_table(seen, subjects, model.title)
    counts = counts[choice.holds(counts)]
    names = list(counts["subject"])
    hits = event_search.event_table(seen, names, model.title)
    st.markdown(" · ".join(_summary(asked, wanted.change, counts, seen)))
    for sentence in _never(asked, seen, names, model.title):
        st.caption(f":material/info: {literal(sentence)}")
    left, right = st.columns([2, 3])
    changed = change_part(wanted.change), threshold_part(wanted.query.threshold)
    name = stem("search", models_part([model.title]), *changed)
    with left:
        st.dataframe(
            counts.assign(condition=counts["condition"].str.replace("_", " ")).sort_values(
                "seconds", ascending=False, kind="stable"
            ), hide_index=True, height=HEIGHT_PX,
            key="event_counts", alt="Hits of each subject", column_order=_filled(counts),
            column_config={
                "subject": st.column_config.TextColumn("Subject", pinned=True),
                "condition": "Condition",
                "split": "Split",
                "events": st.column_config.NumberColumn("Hits"),
                "seconds": st.column_config.NumberColumn("Seconds", format="%.1f"),
                "share": st.column_config.NumberColumn("Share", format="percent", help="Of the length."),
            },
        )  # fmt: skip
        downloads.offer(f"{name}_counts", {"csv": lambda: overviews.csv_file(counts)}, "event_counts")
    with right:
        if not len(hits):
            st.info("There are no hits here.")
            return
        _offer_hit(hits, asked, models)
        st.dataframe(
            hits, hide_index=True, height=HEIGHT_PX, key=TABLE, on_select=partial(_picked, hits),
            selection_mode="single-row", alt="Hits", column_order=["subject", "start_s", "end_s", "length_s"],
            column_config={
                "subject": st.column_config.TextColumn("Subject", pinned=True),
                "start_s": st.column_config.NumberColumn("From (s)", format="%.2f"),
                "end_s": st.column_config.NumberColumn("To (s)", format="%.2f"),
                "length_s": st.column_config.NumberColumn("Length (s)", format="%.2f"),
            },
        )  # fmt: skip
        downloads.offer(name, {"csv": lambda: overviews.csv_file(hits)}, "event_hits")


def _offer_hit(hits: pd.DataFrame, asked: Asked, models: Sequence[Chosen]) -> None:
    """The chosen hit, the ways to those beside it, and to Compare."""
    at = hits_here.place_in(list(zip(hits["subject"], hits["first_frame"], strict=True))) or 0
    hit = hits.iloc[at]

    def move(step: int) -> None:
        other = hits.iloc[at + step]
        st.session_state[hits_here.AT] = (str(other["subject"]), int(other["first_frame"]))

    with st.container(horizontal=True, vertical_alignment="center"):
        hits_here.arrow("Previous hit", ":material/skip_previous:", "event_before", move, -1, disabled=at == 0)
        hits_here.arrow("Next hit", ":material/skip_next:", "event_after", move, 1, disabled=at == len(hits) - 1)
        if st.button("Open on Compare", key="event_open", icon=":material/open_in_new:"):
            st.session_state[hits_here.AT] = (str(hit["subject"]), int(hit["first_frame"]))
            event_query.show_on_compare(True)
            shelf = model_files.shelf(models[0].path.parent)
            corpus_choice.open_on_compare(
                str(hit["subject"]), int(hit["first_frame"]), models, shelf, event_query.link(asked)
            )
        span = f"{_clock(hit['start_s'])} to {_clock(hit['end_s'])}"
        st.markdown(f"Hit {at + 1:,} of {len(hits):,}: **{literal(hit['subject'])}**, {literal(span)}")


def _picked(hits: pd.DataFrame) -> None:
    rows = st.session_state[TABLE]["selection"]["rows"]
    if rows and rows[0] < len(hits):
        hit = hits.iloc[rows[0]]
        st.session_state[hits_here.AT] = (str(hit["subject"]), int(hit["first_frame"]))


def _summary(asked: Asked, change: WhatIf, counts: pd.DataFrame, seen: Found) -> list[str]:
    total, with_hits = int(counts["events"].sum()), int((counts["events"] > 0).sum())
    seconds, length_s = float(counts["seconds"].sum()), float(counts["length_s"].sum())
    share = f" ({seconds / length_s:.1%} of the time)" if length_s else ""
    said = [
        f"**{total:,} hit{'' if total == 1 else 's'}** in {with_hits:,} of {len(counts):,} subjects, "
        f"{seconds:,.1f} s in all{share}"
    ]
    if len(asked.conditions) > 1:
        names = list(counts["subject"])
        alone = [
            f"“{literal(event_query.in_words(one))}” {sum(seen.events[name].met_s[k] for name in names):,.1f} s"
            for k, one in enumerate(asked.conditions)
        ]
        said.append(f"alone: {', '.join(alone)}")
    if change != UNCHANGED:
        said.append(f"**What if:** {what_if.describe_all(change)}")
    return said


def _never(asked: Asked, seen: Found, names: Sequence[str], title: str) -> list[str]:
    """A sentence for each condition whose column nobody has."""
    return [
        f"“{event_query.in_words(one)}” is never met: {title} and these subjects have no such values."
        for k, one in enumerate(asked.conditions)
        if names and not any(seen.events[name].known_s[k] for name in names)
    ]


def _filled(counts: pd.DataFrame) -> list[str]:
    has = {name: bool((counts[name] != "").any()) for name in ("condition", "split")}
    return [name for name in ("subject", "condition", "split", "events", "seconds", "share") if has.get(name, True)]


def _clock(second: float) -> str:
    return f"{int(second) // 60}:{second % 60:05.2f}"
