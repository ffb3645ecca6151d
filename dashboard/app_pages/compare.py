"""Compare: one subject, its video, and what two models make of it."""

from __future__ import annotations

import math
import re
from pathlib import Path

import pandas as pd
import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from dashboard import figures, palette, services, session
from dashboard.components.player import PlayerData, player
from dashboard.figures import Shown
from iaca.config import TARGETS, DropoutConfig, DropoutPattern, Trunk

NOTICES_AT_ONCE = 3

SYNTHETIC = (
    "**Synthetic corpus.** Faces and voices are rendered; predictions say nothing about real people. To use your own "
    "data, set `IACA_DATA` (and `IACA_FEATURES`, `IACA_CHECKPOINTS`) to your folders and start the page again."
)


def _score_text(value: float) -> str:
    return "–" if math.isnan(value) else f"{value:.2f}".replace("-", "−").replace("0.", ".")


def _subject_label(subject: services.Subject, models: list[services.Checkpoint], device: str) -> str:
    """Name, condition, length and CCC of every model."""
    parts = [subject.name, subject.condition.replace("_", " ")]
    summary = services.summary(subject, tuple(model.path for model in models), device)
    if summary is None:
        return " · ".join(filter(None, [*parts, "no features"]))
    parts.append(f"{int(summary.duration_s) // 60}:{int(summary.duration_s) % 60:02d}")
    for model, scores in zip(models, summary.scores, strict=True):
        if scores is not None:
            values = " / ".join(_score_text(scores[name].ccc) for name in TARGETS if name in scores)
            parts.append(f"{model.title} {values}")
    return " · ".join(filter(None, parts))


def _choose_device(notices: list[str]) -> str:
    devices = services.available_devices()
    preferred = services.attempt(lambda: str(services.choose_device(session.requested_device())), notices) or devices[0]
    with st.sidebar:
        chosen = st.selectbox(
            "Device",
            devices,
            index=devices.index(preferred),
            format_func=lambda name: services.device_label(services.choose_device(name)),
            help="Where the models run. `--device` after `--`, or IACA_DEVICE, sets the first choice.",
            **session.DEVICE.widget,
        )
    return chosen


def _load_models(folder: Path, device: str, notices: list[str]) -> list[services.Checkpoint]:
    models = []
    for name in session.MODELS:
        model = services.attempt(lambda path=folder / f"{name}.safetensors": services.checkpoint(path, device), notices)
        if model is not None:
            models.append(model)
    return models


def _choose_dropout() -> DropoutConfig | None:
    on = st.toggle(
        "Drop audio",
        session.DROP_AUDIO.default,
        help="Take a share of the audio clips away from both models, as in Fig 3 of the paper.",
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


def _choose_display(models: list[services.Checkpoint]) -> tuple[str, str, bool]:
    """Whose gates (a target), which attention score, and whether it is scaled."""
    target = TARGETS[0]
    if any(model.config.trunk is Trunk.PER_TARGET and len(model.config.targets) > 1 for model in models):
        target = st.selectbox(
            "Gates of",
            TARGETS,
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
    models: list[services.Checkpoint],
    device: str,
    dropout: DropoutConfig | None,
    notices: list[str],
) -> list[Shown]:
    shown = []
    for model, style in zip(models, palette.MODELS, strict=False):
        path, title = model.path, model.title
        baseline = services.attempt(lambda path=path: services.trace(subject.features, path, device), notices)
        if baseline is None:
            continue
        trace = services.trace(subject.features, path, device, dropout) if dropout else baseline
        shown.append(Shown(title, trace, baseline, style))
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
    subject: services.Subject, truth: pd.DataFrame, figure: figures.Figure, notices: list[str]
) -> PlayerData:
    file = subject.recording.video_file if subject.recording else None
    video = services.attempt(lambda: services.video(file, session.folders().cache), notices) if file else None
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
    folders = session.folders()
    corpus = services.corpus(folders)
    notices = [*corpus.problems]
    head, notice_place, stage, foot = st.container(), st.container(), st.container(), st.container()

    score_place = st.sidebar.container()
    with st.sidebar:
        st.divider()
        dropout = _choose_dropout()
        st.divider()
        display_place = st.container()
        st.divider()
    device = _choose_device(notices)
    models = _load_models(folders.checkpoints, device, notices)
    with display_place:
        target, score, scaled = _choose_display(models)

    with head:
        if corpus.synthetic:
            st.caption(SYNTHETIC)
        subjects = {subject.name: subject for subject in corpus.subjects}
        with st.spinner("Scoring the subjects"):
            labels = {name: _subject_label(subject, models, device) for name, subject in subjects.items()}
        asked = session.subject_of_url()
        if asked is not None and asked not in subjects:
            notices.append(
                f"The address asks for subject {asked!r}, which is not among the data; another one is shown."
            )
        name = st.selectbox(
            "Subject",
            list(subjects),
            index=list(subjects).index(asked) if asked in subjects else 0,
            format_func=lambda one: labels.get(one, one),
            help="Name · condition · length · CCC of each model for valence / arousal.",
            **session.SUBJECT.widget,
        )
    if name is None:
        _show_notices(notice_place, [*notices, "There is no subject to show."])
        return

    session.put_subject_into_url(name)
    subject = subjects[name]
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
            player(_player_data(subject, truth, figure, notices))
    _show_notices(notice_place, notices)
    with score_place:
        if shown:
            st.markdown(_score_table(shown))
            frames = max(score.valid_frames for score in shown[0].trace.scores.values())
            st.caption(f"over {frames:,} annotated of {len(truth):,} frames")
    with foot:
        if shown:
            st.caption(_provenance(shown, models))


def _provenance(shown: list[Shown], models: list[services.Checkpoint]) -> str:
    stride = shown[0].trace.clip_stride
    between = "" if stride == 1 else ", linear in between; gates and scores are held"
    files = ", ".join(f"{model.title} = {model.path.name}" for model in models)
    return f"One prediction every {stride} frames{between}. Models: {files}."


show()
