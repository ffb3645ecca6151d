"""Results: what a study found, as tables that can be sorted and searched; a subject's row opens it in the player."""

from __future__ import annotations

import itertools

import pandas as pd
import streamlit as st

from dashboard.charts import theme
from dashboard.charts.contrast_chart import contrast_chart
from dashboard.charts.differences import VERDICT_SHAPES, forest
from dashboard.charts.memory_chart import memory_chart
from dashboard.sections import downloads, missing_panels, study_tables
from dashboard.sections.notices import literal
from dashboard.sections.page import begin_page
from dashboard.sections.sweep_choice import MODALITIES
from dashboard.services import study_decisions, study_results
from dashboard.services.study_decisions import Decisions
from dashboard.services.study_results import Results
from dashboard.state import session
from dashboard.state.folders import read_options, results_folder
from iaca.config import TARGETS
from iaca.errors import BAD_INPUT

NUMBER = st.column_config.NumberColumn(format="%.3f")
SIGNED = st.column_config.NumberColumn(format="%+.3f")
OPENED = "results_opened"
OPENS = st.column_config.ButtonColumn(type="tertiary", alignment="left", pinned=True, key=OPENED)
GATES = {"+IACA": "IACA", "+blind gates": "Gates that cannot see their input", "+constant gates": "Constant gates"}
NO_CLEAR = "no clear difference"
DRAWS = {"validation": "validation subjects", "test": "test subjects, on whom nothing was chosen"}
DIFFERENCE_COLUMNS = {
    "title": "model", "base": "base", "regime": "regime", "draw": "draw", "group": "frames", "target": "target",
    "value": "difference", "low": "low", "high": "high", "seeds_better": "seeds better", "seeds": "seeds",
    "verdict": "verdict",
}  # fmt: skip
NO_FACTS = (
    "{folder} has no study.json: its findings in words, and whether its corpus is synthetic, are not shown. "
    "`python -m iaca reproduce` writes it."
)
FIGURES = {"attention": "Attention scores of a strong and a weak subject, as in Fig 1 of the paper"}
# Beginnings of the names of figures whose numbers the page draws itself. (Streamlit would show a string.)
DRAWN_ABOVE = ("contrasts", "label-memory", "missing-")

MEASURE_YOURS = (
    "Whether attention over a window pays depends on how long labels remember: where they forget within a clip or two, "
    "the other clips of a window have little to tell. Measure yours: `python -m iaca index DATA` prints the "
    "autocorrelation of your labels. Here the models were trained on corpora that differ in nothing else."
)


def _primary(primary: pd.DataFrame, synthetic: bool) -> None:
    study_tables.answers(primary)
    for frames, part in primary.groupby("frames", sort=False):
        heading = study_decisions.frames_title(str(frames)).capitalize()
        st.markdown(f"**{literal(heading)}**")
        st.plotly_chart(
            contrast_chart(part, dark=st.context.theme.type == "dark"),
            config=theme.CONFIG,
            alt=f"{heading}: difference in CCC of each primary contrast, with its 95% interval, on both draws",
            key=f"contrasts {frames}",
        )
    rows = study_decisions.primary_rows(primary)
    numbers = {name: NUMBER for name in map(str, rows) if name.endswith(("Holm p", "detectable"))}
    st.dataframe(rows, hide_index=True, column_config=numbers, key="results_primary")
    files = {
        ending: lambda ending=ending: study_decisions.contrasts_file(primary, ending, synthetic)
        for ending in downloads.FIGURES
    }
    with st.container(horizontal=True):
        downloads.offer("contrasts", files, "results_contrasts")


def _memory(tables: Decisions, synthetic: bool) -> None:
    st.subheader("How long do labels remember?")
    st.markdown(MEASURE_YOURS)
    if tables.memory is not None:
        st.plotly_chart(
            memory_chart(tables.memory, dark=st.context.theme.type == "dark"),
            config=theme.CONFIG,
            alt="CCC of each model against the memory of the labels, for valence and arousal",
            key="label memory",
        )
        files = {
            ending: lambda ending=ending: study_decisions.memory_file(tables, ending, synthetic)
            for ending in downloads.FIGURES
        }
        with st.container(horizontal=True):
            downloads.offer("label-memory", files, "results_memory")
    if tables.autocorrelation is not None:
        rows = study_decisions.label_rows(tables.autocorrelation)
        st.caption("Autocorrelation of the labels of these corpora, within subjects.")
        numbers = {
            name: st.column_config.NumberColumn(format="%.2f") for name in map(str, rows) if name.endswith("apart")
        }
        st.dataframe(rows, hide_index=True, column_config=numbers, key="results_autocorrelation")


def _decisions(tables: Decisions, results: Results) -> None:
    """What the study decides and measures beside the scores of models; what its folder lacks is left out."""
    if tables.primary is not None:
        _primary(tables.primary, results.is_synthetic)
    if tables.headroom is not None:
        study_tables.headroom(tables.headroom)
    if tables.memory is not None or tables.autocorrelation is not None:
        _memory(tables, results.is_synthetic)
    study_tables.published(results.scores)
    if tables.health is not None:
        study_tables.health(tables.health)


def _scores(results: Results) -> None:
    st.subheader("Scores")
    st.caption(
        "Concordance correlation coefficient (CCC), mean over seeds; ± is its standard deviation over seeds; low and "
        "high bound the 95% interval over subjects and seeds. Click a column header to sort."
    )
    left, right = st.columns([1, 2])
    regimes = list(dict.fromkeys(results.scores.regime))
    regime = left.segmented_control(
        "Training", regimes, required=True, format_func=literal, **session.RESULTS_REGIME.widget_among(regimes)
    )
    groups = list(dict.fromkeys(results.scores.group))
    group = right.selectbox("Frames", groups, **session.RESULTS_FRAMES.widget_among(groups, by_index=True))
    chosen = results.scores[(results.scores.regime == regime) & (results.scores.group == group)]
    rows = []
    for (_, model), part in chosen.groupby(["variant", "model"], sort=False):
        row: dict[str, object] = {"model": model, "parameters": int(part.parameters.iloc[0])}
        for one in part.itertuples():
            row |= {one.target: one.ccc, f"{one.target} ±": one.sd}
            row |= {f"{one.target} low": one.low, f"{one.target} high": one.high}
        rows.append(row)
    table = pd.DataFrame(rows)
    numbers = {name: NUMBER for name in table.columns if name not in ("model", "parameters")}
    st.dataframe(table, hide_index=True, column_config=numbers, key="results_scores")


def _headline(table: pd.DataFrame) -> str:
    """What gates do to their bases, one line for each kind of gate and draw of subjects, Markdown."""
    over_all = table[table.group == "all"]
    lines = []
    for (suffix, gates), (draw, subjects) in itertools.product(GATES.items(), DRAWS.items()):
        part = over_all[(over_all.title == over_all.base + suffix) & (over_all.draw == draw)]
        if part.empty:
            continue
        effects = []
        for verdict in VERDICT_SHAPES:
            where = [
                literal(f"{one.target} on {one.base} ({one.regime}, {one.value:+.3f})")
                for one in part[part.verdict == verdict].itertuples()
            ]
            effects.append(f"{verdict} {', '.join(where) or 'nowhere'}")
        others = part.verdict[~part.verdict.isin(VERDICT_SHAPES)].map(lambda word: word.partition(" (")[0])
        counts = {NO_CLEAR: 0} | others.value_counts(sort=False).to_dict()
        effects += [f"{word} in {count} of {len(part)}" for word, count in counts.items()]
        lines.append(f"- **{gates}**, {subjects}: {'; '.join(effects)}.")
    return "\n".join(lines)


def _differences(results: Results) -> None:
    table = results.differences
    st.subheader("What each model changes, compared with its base")
    st.markdown(_headline(table))
    st.caption(
        "Difference in CCC, mean over seeds, with its 95% interval over subjects and seeds. Triangles: the "
        "interval excludes 0 (▶ helps, ◀ hurts), not adjusted for how many there are. Circles: neither."
    )
    over_all = study_results.named(table[table.group == "all"])
    sections = {
        "On validation": over_all[(over_all.draw == "validation") & ~over_all.ablation],
        "On the test draw, on which nothing was chosen": over_all[(over_all.draw == "test") & ~over_all.ablation],
        "Ablations: one thing changed in CA+IACA": over_all[(over_all.draw == "validation") & over_all.ablation],
    }
    for heading, part in sections.items():
        if len(part):
            st.markdown(f"**{heading}**")
            st.plotly_chart(
                forest(part, dark=st.context.theme.type == "dark"),
                config=theme.CONFIG,
                alt=f"{heading}: difference in CCC of each model from its base, with its 95% interval",
                key=f"forest {heading}",
            )
    files = {
        ending: lambda ending=ending: study_results.figure_file(sections, ending, results.is_synthetic)
        for ending in downloads.FIGURES
    }
    with st.container(horizontal=True):
        downloads.offer("differences", files, "results")
    if results.study is not None:
        with st.expander("Findings in words, and what was tried", **session.RESULTS_FINDINGS.section):
            # Its Markdown, but no picture: a folder of results must not make a browser ask another host for one.
            st.markdown(results.study.follows.replace("![", r"!\["))
    with st.expander(
        "Table, including strong and weak videos and each kind of episode", **session.RESULTS_TABLE.section
    ):
        shown = table[list(DIFFERENCE_COLUMNS)].rename(columns=DIFFERENCE_COLUMNS)
        config = dict.fromkeys(("difference", "low", "high"), SIGNED)
        st.dataframe(shown, hide_index=True, column_config=config, key="results_differences")


def _subjects(results: Results) -> None:
    st.subheader("Scores per subject")
    st.caption("CCC per subject, mean over seeds. Click a subject to open it in the player.")
    table = results.subjects
    titles = table.drop_duplicates("variant").set_index("variant")
    names = [name for name in titles.index if titles.regime[name] == "extensions"]
    chosen = st.multiselect(
        "Models", names, [n for n in ("ca", "ca_iaca") if n in names] or names[:2],
        format_func=lambda name: titles.model[name], **session.RESULTS_MODELS.widget,
    )  # fmt: skip
    part = table[table.variant.isin(chosen)]
    if part.empty:
        st.info("Choose at least one model.")
        return
    part = part.assign(column=part.model + " " + part.target)
    wide = part.pivot_table(index=["subject", "frames"], columns="column", values="ccc", sort=False, dropna=False)
    order = [f"{titles.model[name]} {target}" for target in TARGETS for name in chosen]
    wide = wide.dropna(how="all")[[name for name in order if name in wide.columns]].reset_index()
    for reason in sorted(set(part.reason[part.reason != ""])):
        who = sorted(set(part.subject[part.reason == reason]))
        st.caption(literal(f"No score for {', '.join(who)}: {reason}."))
    selection = st.dataframe(
        wide,
        hide_index=True,
        column_config={"subject": OPENS, **dict.fromkeys(order, NUMBER)},
        on_select="rerun",
        selection_mode="single-row",
        key="results_subjects",
    ).selection.rows
    clicked = st.session_state.get(OPENED)
    if clicked or selection:
        subject = str(wide.subject.iloc[clicked["row"] if clicked else selection[0]])
        st.switch_page("app_pages/compare.py", query_params={session.SUBJECT.key: subject})


def _gates(results: Results) -> None:
    st.subheader("Do the gates reflect what is wrong with the input?")
    st.markdown(
        "**Episodes**: how well a gate's weight separates corrupted frames from the rest of the same video (area under "
        "the ROC curve; 0.5 is chance).  \n**Removed**: rank correlation between a gate's weight and how much the "
        "prediction changes when the modality really is removed; 0 is chance.  \n**Influence**: the same with the size "
        "of the modality's Shapley influence, which also counts what it says alone.  \nAll are means over seeds, with "
        "95% bootstrap intervals over subjects."
    )
    table = results.gates
    models = list(dict.fromkeys(table.variant))
    titles = results.scores.drop_duplicates("variant").set_index("variant")
    name = st.selectbox(
        "Model",
        models,
        format_func=lambda one: f"{titles.model[one]}, {titles.regime[one]}" if one in titles.index else one,
        **session.RESULTS_GATES.widget,
    )
    shown = table[table.variant == name].drop(columns="variant").rename(columns={"kind": "case"})
    st.dataframe(
        shown, hide_index=True, column_config=dict.fromkeys(("value", "low", "high"), NUMBER), key="results_gates"
    )


def _missing(table: pd.DataFrame, synthetic: bool) -> None:
    st.subheader("What do missing clips cost?")
    st.markdown(
        "Fig 3 of the paper: CCC against the share of clips whose audio, or video, is missing. Mean over seeds and "
        'random draws, with 95% intervals over subjects and seeds. "Visual alone" and "Audio alone" never had the '
        "other modality: a line as flat as theirs is deafness, or blindness, and not robustness."
    )
    regimes, patterns = (list(dict.fromkeys(table[name])) for name in ("regime", "pattern"))
    left, middle, right = st.columns([1, 1, 2])
    missing = left.segmented_control(
        "Missing", list(MODALITIES), required=True, **session.RESULTS_MISSING.widget_among(list(MODALITIES))
    )
    pattern = middle.segmented_control(
        "Pattern", patterns, required=True, **session.RESULTS_PATTERN.widget_among(patterns)
    )
    regime = right.segmented_control(
        "Training of the models", regimes, required=True, format_func=literal,
        **session.RESULTS_MISSING_REGIME.widget_among(regimes),
    )  # fmt: skip
    chosen = study_decisions.missing_of(table, str(regime), MODALITIES[str(missing)])
    if chosen.empty:
        st.caption("The study has no such curves.")
        return
    missing_panels.draw(
        chosen[chosen["pattern"] == pattern], str(missing), key="results_missing", numbers=session.RESULTS_NUMBERS
    )
    files = {
        ending: lambda ending=ending: study_decisions.missing_file(chosen, ending, synthetic)
        for ending in downloads.FIGURES
    }
    with st.container(horizontal=True):
        downloads.offer(f"missing-{missing}-{regime}", files, "results_missing")


def show() -> None:
    """The page."""
    st.title("Results")
    folder = results_folder()
    try:
        results = study_results.results(folder)
    except BAD_INPUT as error:
        st.info(literal(str(error)), icon=":material/info:")
        _choose_folder(folder)
        return
    page = begin_page()
    notice_place = st.container()
    if results.note:
        st.caption(results.note)
    tables = study_decisions.decisions(folder)
    page.notices.extend(tables.problems)
    _decisions(tables, results)
    _differences(results)
    _scores(results)
    _subjects(results)
    _gates(results)
    if tables.missing is not None:
        _missing(tables.missing, results.is_synthetic)
    if results.study is None:
        page.notices.append(NO_FACTS.format(folder=folder))
    page.show_notices(notice_place)
    for file in (file for file in results.figures if not file.stem.startswith(DRAWN_ABOVE)):
        st.markdown(f"**{FIGURES.get(file.stem) or literal(file.stem)}**")
        st.image(study_results.svg_address(file), width="stretch", alt=FIGURES.get(file.stem, file.stem))
    st.download_button("Report (Markdown)", results.report, "report.md", icon=":material/download:")
    _choose_folder(folder)


def _choose_folder(folder: object) -> None:
    if read_options().locked:
        return
    with st.expander("Results folder", icon=":material/folder_open:"):
        st.text_input(
            "Folder",
            placeholder=str(folder),
            help="What `python -m iaca reproduce --out` wrote. `--results` or IACA_RESULTS sets the initial choice.",
            **session.RESULTS_FOLDER.widget,
        )


show()
