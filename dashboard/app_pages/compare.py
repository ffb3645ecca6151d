"""Compare: one subject, its video, and what two models make of it."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from dashboard import figures, model_choice, model_services, services, session
from dashboard.components.player import PlayerData, player
from dashboard.figures import Shown
from dashboard.model_choice import Chosen
from iaca.config import TARGETS, DropoutConfig, DropoutPattern, Trunk

NOTICES_AT_ONCE = 3
SEPARATOR = " · "

SYNTHETIC = (
    "**Synthetic corpus.** Faces and voices are rendered; predictions say nothing about real people. Your own data: "
    "“Use your Aff-Wild2” in `README.md`, from `python -m iaca index` on."
)


def _score_text(value: float) -> str:
    return "–" if math.isnan(value) else f"{value:.2f}".replace("-", "−").replace("0.", ".")


def _subject_labels(subjects: Sequence[services.Subject], models: Sequence[Chosen], device: str) -> dict[str, str]:
    """Name, condition and length of every subject, and CCC of every model for the first of them."""
    lengths = [services.length(subject) for subject in subjects]
    num_scored = services.first_in_budget([clips for _, clips in filter(None, lengths)])
    labels = {}
    for subject, length in zip(subjects, lengths, strict=True):
        parts = [subject.name, subject.condition.replace("_", " ")]
        if length is None:
            parts.append("no features")
        else:
            seconds = int(length[0])
            parts.append(f"{seconds // 60}:{seconds % 60:02d}")
            if num_scored > 0:
                num_scored -= 1
                parts += [_scores_text(subject, model, device) for model in models]
        labels[subject.name] = SEPARATOR.join(filter(None, parts))
    return labels


def _name_in(label: str, subjects: Mapping[str, services.Subject]) -> str:
    """The subject whom a label is about; a name stands for itself."""
    return label if label in subjects else label.split(SEPARATOR)[0]


def _scores_text(subject: services.Subject, model: Chosen, device: str) -> str:
    scores = services.scores(subject, model.path, device)
    if scores is None:
        return ""
    values = " / ".join(_score_text(scores[name].ccc) for name in TARGETS if name in scores)
    return f"{model.title} {values}"


def _choose_device(requested: str | None, notices: list[str]) -> str:
    devices = services.available_devices()
    preferred = services.attempt(lambda: str(services.choose_device(requested)), notices) or devices[0]
    return st.selectbox(
        "Device",
        devices,
        index=devices.index(preferred),
        format_func=lambda name: services.device_label(services.choose_device(name)),
        help="Where the models run. `--device` after `--`, or IACA_DEVICE, sets the first choice.",
        **session.DEVICE.widget,
    )


def _choose_folders(folders: session.Folders) -> None:
    """Ask for folders; `session.folders` reads the answers at the start of the next run."""
    with st.expander("Data folders", icon=":material/folder_open:"):
        st.text_area(
            "Data roots",
            height=68,
            placeholder="\n".join(map(str, folders.sources[0].roots)),
            help="One folder a line, in the layout of the download. Their subjects come before those of the demo.",
            **session.DATA_ROOTS.widget,
        )
        st.text_input(
            "Features",
            placeholder=str(folders.sources[0].features),
            help="Feature files of these data; if empty, `features` in the first root.",
            **session.FEATURES_FOLDER.widget,
        )
        st.text_input("Checkpoints", placeholder=str(folders.checkpoints), **session.CHECKPOINTS_FOLDER.widget)
        st.button("Look again", help="Look for new files in these folders.", on_click=services.look_again)


def _choose_dropout() -> DropoutConfig | None:
    on = st.toggle(
        "Drop audio",
        session.DROP_AUDIO.default,
        help="Take a share of the audio clips away from the models, as in Fig 3 of the paper.",
        **session.DROP_AUDIO.widget,
    )
    share = st.slider("Audio dropout (%)", 0, 100, session.SHARE.default, 5, disabled=not on, **session.SHARE.widget)
    pattern = st.selectbox(
        "Pattern",
        [DropoutPattern.SCATTERED.value, DropoutPattern.BLOCK.value],
        disabled=not on,
        **session.PATTERN.widget,
    )
    seed = st.number_input("Seed", 0, 2**31 - 1, session.SEED.default, 1, disabled=not on, **session.SEED.widget)
    return DropoutConfig(share=share / 100, pattern=pattern, seed=int(seed)) if on and share else None


def _choose_display(models: Sequence[Chosen]) -> tuple[str, str, bool]:
    """Whose gates (a target), which attention score, and whether it is scaled."""
    configs = [model.checkpoint.config for model in models]
    targets = [target for target in TARGETS if any(target in config.targets for config in configs)]
    target = targets[0] if targets else TARGETS[0]
    if len(targets) > 1 and any(config.trunk is Trunk.PER_TARGET for config in configs):
        target = st.selectbox(
            "Gates of",
            targets,
            help="These models have one attention and one gate for each target.",
            **session.GATES_OF.widget,
        )
    score = st.selectbox(
        "Attention score",
        list(figures.SCORES),
        help="  \n".join(f"*{name}*: {meaning}" for name, meaning in figures.SCORES.items()),
        **session.SCORE.widget,
    )
    scaled = st.toggle(
        "Scale scores to 0–1",
        session.SCALED.default,
        help="Min-max, with the limits of the shown models without dropout, so that a real fall is seen.",
        **session.SCALED.widget,
    )
    return target, score, scaled


def _shown_models(
    subject: services.Subject,
    models: Sequence[Chosen],
    device: str,
    dropout: DropoutConfig | None,
    notices: list[str],
) -> list[Shown]:
    shown = []
    for model in models:
        path = model.path
        baseline = services.attempt(lambda path=path: services.trace(subject.features, path, device), notices)
        if baseline is None:
            continue
        trace = services.trace(subject.features, path, device, dropout) if dropout else baseline
        shown.append(Shown(model.title, trace, baseline, model.style))
    return shown


def _score_table(shown: list[Shown]) -> str:
    """CCC of every model and target with its change under dropout, as a Markdown table."""
    lines = ["| CCC | Valence | Arousal |", "|:--|--:|--:|"]
    for model in shown:
        cells = []
        for name in TARGETS:
            score, before = (trace.scores.get(name) for trace in (model.trace, model.baseline))
            if score is None or math.isnan(score.ccc):
                cells.append("–")
                continue
            cell = f"**{score.ccc:.3f}**"
            if model.trace is not model.baseline:
                change = score.ccc - before.ccc
                cell += f" :{'red' if change < 0 else 'green'}[{change:+.3f}]"
            cells.append(cell.replace("-", "−"))
        lines.append(f"| {model.title} | {' | '.join(cells)} |")
    return "\n".join(lines)


def _player_data(
    subject: services.Subject, figure: figures.Figure, folders: session.Folders, notices: list[str]
) -> PlayerData:
    file = subject.recording.video_file if subject.recording else None
    video = services.attempt(lambda: services.video(file, folders.cache), notices) if file else None
    return PlayerData(
        spec=figure.spec,
        frames=figure.frames,
        pts_s=figure.pts_s,
        media_s=None if video is None else video.media_s,
        video=None if video is None else video.address,
    )


def _literal(sentence: str) -> str:
    """A sentence that may hold names of files, as Markdown that shows it as it is; only `code` is kept."""
    return re.sub(r"([\\*_{}\[\]<>#$~|:])", r"\\\1", sentence)


def _show_notices(place: DeltaGenerator, notices: list[str]) -> None:
    sentences = [_literal(sentence) for sentence in dict.fromkeys(notices)]
    with place:
        if sentences:
            st.warning("  \n".join(sentences[:NOTICES_AT_ONCE]), icon=":material/warning:")
        if len(sentences) > NOTICES_AT_ONCE:
            with st.expander(f"{len(sentences) - NOTICES_AT_ONCE} more remarks on the data"):
                st.markdown("\n".join(f"- {sentence}" for sentence in sentences[NOTICES_AT_ONCE:]))


def show() -> None:
    """The page. The player stands at one fixed place of the script, whatever else is shown."""
    options = session.options()
    folders = session.folders(options)
    corpus = services.corpus(folders)
    notices = [*filter(None, [options.problem, model_services.plugin_problem(options.plugins)]), *corpus.problems]
    banner, head, notice_place, stage, foot = (st.container() for _ in range(5))

    with st.sidebar:
        files = model_choice.choose_files(folders.checkpoints, notices)
        score_place = st.container()
        st.divider()
        dropout = _choose_dropout()
        st.divider()
        display_place = st.container()
        st.divider()
        device = _choose_device(options.device, notices)
        _choose_folders(folders)
    models = model_choice.load_models(files, device, notices)
    with display_place:
        target, score, scaled = _choose_display(models)

    with head:
        subjects = {subject.name: subject for subject in corpus.subjects}
        with st.spinner("Scoring the subjects"):
            labels = _subject_labels(corpus.subjects, models, device)
        asked = session.asked(session.SUBJECT)
        if asked is not None and asked not in subjects:
            notices.append(
                f"The address asks for subject {asked!r}, which is not among the data; another one is shown."
            )
        chosen = st.selectbox(
            "Subject",
            list(subjects),
            index=list(subjects).index(asked) if asked in subjects else 0,
            # The browser sends labels, also those of an earlier run, when they were others.
            format_func=lambda one: labels.get(_name_in(one, subjects), one),
            help="Name · condition · length · CCC of each model for valence / arousal, for the first subjects; those "
            "of the chosen one are always in the sidebar. Type to search.",
            # With other models a new box: one that stays would go on showing its old label. The address knows the name.
            key=" ".join([session.SUBJECT.key, *(model.path.name for model in models)]),
        )
        name = None if chosen is None else _name_in(chosen, subjects)
    if name is None:
        _show_notices(notice_place, [*notices, "There is no subject to show."])
        return

    session.put_into_url(session.SUBJECT, name)
    subject = subjects[name]
    if subject.synthetic:
        banner.caption(SYNTHETIC)
    truth = services.attempt(lambda: services.truth(subject), notices)
    shown = _shown_models(subject, models, device, dropout, notices) if truth is not None and subject.features else []
    if truth is not None:
        figure = figures.compare_figure(
            name,
            truth,
            shown,
            target=target,
            score=score,
            scaled=scaled,
            episodes=corpus.episodes.get(name, ()),
        )
        with stage:
            player(_player_data(subject, figure, folders, notices))
    _show_notices(notice_place, notices)
    with score_place:
        if shown:
            st.markdown(_score_table(shown))
            frames = max(score.valid_frames for score in shown[0].trace.scores.values())
            st.caption(f"over {frames:,} annotated of {len(truth):,} frames")
    with foot:
        if shown:
            st.caption(_provenance(shown, models))


def _provenance(shown: list[Shown], models: Sequence[Chosen]) -> str:
    stride = shown[0].trace.clip_stride
    between = "" if stride == 1 else ", linear in between; gates and scores are held"
    files = ", ".join(f"{model.title} = {model.path.name}" for model in models)
    return f"One prediction every {stride} frames{between}. Models: {files}."


show()
