"""The values that pass between the parts of the project, with shapes, units and ranges.

Shapes: B windows, L clips in a window, D dimension of the model, T clips of a subject, N frames of a subject.
A frame is 0-based; `pts_s` is its presentation time in seconds from the first video frame.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple, Protocol

import numpy as np

from iaca.config import AROUSAL, AUDIO, MODALITIES, TARGETS, VALENCE, VISUAL
from iaca.config.label_form import LabelForm
from iaca.summaries import summary_html, summary_text

if TYPE_CHECKING:
    import pandas as pd
    from torch import Tensor


class Progress(Protocol):
    """A function that is told how far a piece of work has come; an exception that it raises stops the work."""

    def __call__(self, done: int, total: int, title: str = "") -> None:
        """Receive the progress.

        Args:
            done: Number of finished parts.
            total: Number of all parts; 0 where it is not known.
            title: What is being done, in a few words, or "".
        """


def no_progress(done: int, total: int, title: str = "") -> None:
    """Ignore the progress of a piece of work."""


class Recording(NamedTuple):
    """One subject's track in one video, as the index of a data tree or a manifest has it.

    Attributes:
        subject: Stem of the label file: stem of the video, with _left or _right for one of two people.
        video: Stem of the video: the key of its picture and its sound.
        split: train, validation, test, or None where no list or label file names the subject.
        video_file: The video, or None.
        label_file: Label file (valence,arousal per frame), or None.
        crop_folders: Folders that hold the subject's aligned faces, 00001.jpg onwards; may be empty.
        faces_file: faces.csv that places the subject's face in each frame of the video, or None.
        listed_frames: Frames that a test list asks for, or None.
        label_form: How `label_file` and the files beside it are read; None for the form of Aff-Wild2.
        audio_file: File with the sound where it is not in the video, or None. It starts with the first frame.
        person: Place among the people of the video, 1 for the leftmost; 0 where the names of the subjects tell.
    """

    subject: str
    video: str
    split: str | None
    video_file: Path | None
    label_file: Path | None
    crop_folders: tuple[Path, ...] = ()
    faces_file: Path | None = None
    listed_frames: int | None = None
    label_form: LabelForm | None = None
    audio_file: Path | None = None
    person: int = 0

    @property
    def sound_file(self) -> Path | None:
        """The file that the sound is read from: one of its own, else the video."""
        return self.video_file if self.audio_file is None else self.audio_file

    @property
    def label_files(self) -> tuple[Path, ...]:
        """Every file that labels are read from."""
        if self.label_form is not None:
            return tuple(dict.fromkeys((*self.label_form.valence_files, *self.label_form.arousal_files)))
        return () if self.label_file is None else (self.label_file,)


class Features(NamedTuple):
    """One subject's features and labels: the content of a feature file.

    Attributes:
        subject: Name of the subject.
        video: Stem of its video.
        split: train, validation, test or None.
        clip_stride: Frames between the ends of neighbouring clips.
        backbones: Modality -> {"name", "sha256"} of the backbone that made its features.
        created_by: Program and version that wrote the file.
        problems: What was wrong with the source, a sentence each.
        audio: (T, D_a) float32.
        visual: (T, D_v) float32.
        frame: (T,) int32, frame at which each clip ends.
        pts_s: (N,) float64.
        valence: (N,) float32 in [-1, 1], NaN where not annotated.
        arousal: (N,) float32 in [-1, 1], NaN where not annotated.
        has_face: (N,) bool.
        has_audio: (N,) bool.
        audio_zero: (D_a,) float32, the audio backbone's output for zeros, which stands for a missing clip.
        visual_zero: (D_v,) float32, likewise.
        media: Fingerprint of the video file, or "" where it is not known.
        computed: Modality -> {"format", "device"}: number format in which its backbone computed, and where; a format
            such as float16+float32 says that some clips needed another. Empty where it is not recorded.
    """

    subject: str
    video: str
    split: str | None
    clip_stride: int
    backbones: dict[str, dict[str, str]]
    created_by: str
    problems: tuple[str, ...]
    audio: np.ndarray
    visual: np.ndarray
    frame: np.ndarray
    pts_s: np.ndarray
    valence: np.ndarray
    arousal: np.ndarray
    has_face: np.ndarray
    has_audio: np.ndarray
    audio_zero: np.ndarray
    visual_zero: np.ndarray
    media: str = ""
    computed: dict[str, dict[str, str]] = {}  # noqa: RUF012  nobody changes it

    def __repr__(self) -> str:
        return summary_text(*self._summary())

    def _repr_html_(self) -> str:
        return summary_html(*self._summary())

    def _summary(self) -> tuple[str, dict[str, str]]:
        sizes = {AUDIO: self.audio.shape, VISUAL: self.visual.shape}
        names = {modality: self.backbones.get(modality, {}).get("name", "") for modality in sizes}
        shares = {"face": self.has_face.mean(), "sound": self.has_audio.mean()} if len(self.pts_s) else {}
        labels = {VALENCE: self.valence, AROUSAL: self.arousal} if len(self.pts_s) else {}
        return f"Features of {self.subject}" + (f" ({self.split})" if self.split else ""), {
            "video": self.video,
            "frames": _frames(self.pts_s),
            "clips": f"{len(self.frame):,}, one every {_frames_apart(self.clip_stride)}",
            **{m: f"{d[-1]} dimensions" + (f" from {names[m]}" if names[m] else "") for m, d in sizes.items()},
            "annotated": ", ".join(f"{t} {np.isfinite(values).mean():.0%}" for t, values in labels.items()),
            "present": ", ".join(f"{what} {share:.0%}" for what, share in shares.items()),
            "problems": f"{len(self.problems)}, first: {self.problems[0]}" if self.problems else "",
        }


class Attended(NamedTuple):
    """What every base fusion returns for `audio (B, L, D)` and `visual (B, L, D)`.

    Attributes:
        audio: (B, L, D), X_a: what the gates call self-attended. Usually the input itself.
        visual: (B, L, D), X_v.
        attended_audio: (B, L, D), X_att,a.
        attended_visual: (B, L, D), X_att,v.
        audio_residual: (B, L, D), what attention added; None without attention.
        visual_residual: (B, L, D), likewise.
        audio_map: (B, L, L) with columns that sum to 1, or another correlation map; None without attention.
        visual_map: Likewise.
        maps_over_clips: Whether the maps are (B, L, L) weights over clips.
        correlation: (B, L, L), Z of CA as it enters the softmax; None for the others.
    """

    audio: Tensor
    visual: Tensor
    attended_audio: Tensor
    attended_visual: Tensor
    audio_residual: Tensor | None = None
    visual_residual: Tensor | None = None
    audio_map: Tensor | None = None
    visual_map: Tensor | None = None
    maps_over_clips: bool = False
    correlation: Tensor | None = None


class Explanation(NamedTuple):
    """Everything that explains a prediction, one field for each; None where the model has no such part.

    The fields from `audio` on are filled only with `return_features=True`. With them and the state dict, eqs 1-9 can be
    checked from outside.

    Attributes:
        audio_attention: (B, L, L) for maps over clips (columns sum to 1), (B, D, 2D) for JCA and RJCA.
        visual_attention: Likewise.
        audio_attention_contribution: (B, L) in [0, 1], |residual| / (|X| + |residual|); NaN for 0/0.
        visual_attention_contribution: Likewise.
        audio_attention_received: (B, L), row sum of the map / L; None for maps that are not over clips.
        visual_attention_received: Likewise.
        stage1_audio_weights: (B, L, 2), self-attended and cross-attended; sums to 1.
        stage1_visual_weights: Likewise.
        stage2_weights: (B, L, 3), audio, visual and joint; sums to 1.
        audio: (B, L, D), X_a.
        visual: (B, L, D), X_v.
        correlation: (B, L, L), Z of CA as it enters the softmax.
        attended_audio: (B, L, D), X_att,a.
        attended_visual: (B, L, D), X_att,v.
        stage1_audio_logits: (B, L, 2), W_go,a of eq 5.
        stage1_visual_logits: (B, L, 2), W_go,v.
        gated_audio: (B, L, D), X_att,ga.
        gated_visual: (B, L, D), X_att,gv.
        joint: (B, L, D), X_att,gav.
        stage2_logits: (B, L, 3).
        fused: (B, L, D), X_att,g; None without gates.
    """

    audio_attention: Tensor | None = None
    visual_attention: Tensor | None = None
    audio_attention_contribution: Tensor | None = None
    visual_attention_contribution: Tensor | None = None
    audio_attention_received: Tensor | None = None
    visual_attention_received: Tensor | None = None
    stage1_audio_weights: Tensor | None = None
    stage1_visual_weights: Tensor | None = None
    stage2_weights: Tensor | None = None
    audio: Tensor | None = None
    visual: Tensor | None = None
    correlation: Tensor | None = None
    attended_audio: Tensor | None = None
    attended_visual: Tensor | None = None
    stage1_audio_logits: Tensor | None = None
    stage1_visual_logits: Tensor | None = None
    gated_audio: Tensor | None = None
    gated_visual: Tensor | None = None
    joint: Tensor | None = None
    stage2_logits: Tensor | None = None
    fused: Tensor | None = None


class FusionOutput(NamedTuple):
    """Predictions for windows, and what explains them.

    Attributes:
        valence: (B, L), or None for a model without this target.
        arousal: (B, L), likewise.
        explanations: Target -> Explanation; a model with a shared trunk has one under both keys.
    """

    valence: Tensor | None
    arousal: Tensor | None
    explanations: dict[str, Explanation]


EXPLANATION_COLUMNS = (
    "audio_contribution", "visual_contribution", "audio_received", "visual_received",
    "stage1_audio_self", "stage1_audio_cross", "stage1_visual_self", "stage1_visual_cross",
    "stage2_audio", "stage2_visual", "stage2_joint",
)  # fmt: skip

FRAME_COLUMNS = (
    "frame", "pts_s", "valence_truth", "arousal_truth", "valence", "arousal", "has_face", "has_audio",
    "audio_dropped", "visual_dropped", "interpolated",
)  # fmt: skip

TRACE_COLUMNS = FRAME_COLUMNS + tuple(f"{t}_{c}" for t in TARGETS for c in EXPLANATION_COLUMNS)
"""Columns of a Trace and of `python -m iaca predict --out`, in this order."""


class Score(NamedTuple):
    """Agreement of a prediction with the truth.

    Attributes:
        ccc: Concordance correlation coefficient in [-1, 1], NaN where undefined.
        valid_frames: Number of annotated frames.
    """

    ccc: float
    valid_frames: int


class _TraceFields(NamedTuple):
    subject: str
    checkpoint: str
    clip_stride: int
    columns: Mapping[str, np.ndarray]
    scores: dict[str, Score]


class Trace(_TraceFields):
    """The predictions of a model for a subject and what explains them, frame by frame, on the clock of the video.

    Attributes:
        subject: Name of the subject.
        checkpoint: Name of the checkpoint.
        clip_stride: Frames between clips; in between, predictions are interpolated and gates held.
        columns: Name -> (N,) values, one per frame: TRACE_COLUMNS, after them those that
            `iaca.inference.add_influence` adds. Columns that the model does not have are NaN.
        scores: Target -> Score, over annotated frames.
    """

    @cached_property
    def frames(self) -> pd.DataFrame:
        """The columns as a table with N rows. It is made when it is first asked for, and shares their memory."""
        import pandas as pd

        return pd.DataFrame(dict(self.columns), copy=False)

    def __repr__(self) -> str:
        return summary_text(*self._summary())

    def _repr_html_(self) -> str:
        return summary_html(*self._summary())

    def _summary(self) -> tuple[str, dict[str, str]]:
        shares = {m: self.frames[f"{m}_dropped"].mean() for m in MODALITIES if len(self.frames)}
        known = set(self.frames.columns[self.frames.notna().any()])
        parts = {
            "attention": "audio_contribution", "stage-1 gates": "stage1_audio_self", "stage-2 gate": "stage2_audio"
        }  # fmt: skip
        between = ", interpolated between" if self.clip_stride > 1 else ""
        return f"Trace of {self.subject} by {self.checkpoint}", {
            "frames": _frames(self.frames["pts_s"].to_numpy()),
            "predictions": f"one every {_frames_apart(self.clip_stride)}{between}",
            **{f"CCC of {t}": f"{s.ccc:.3f} over {s.valid_frames:,} frames" for t, s in self.scores.items()},
            "dropped": ", ".join(f"{modality} {share:.0%}" for modality, share in shares.items() if share),
            "explained by": ", ".join(p for p, c in parts.items() if any(f"{t}_{c}" in known for t in TARGETS)),
        }


def _frames(pts_s: np.ndarray) -> str:
    return f"{len(pts_s):,}" + (f", the last at {pts_s[-1]:.2f} s" if len(pts_s) else "")


def _frames_apart(clip_stride: int) -> str:
    return f"{clip_stride} frames" if clip_stride > 1 else "frame"


class Episode(NamedTuple):
    """A span in which a modality is corrupted or misleading; known for the synthetic corpus only.

    Attributes:
        subject: Name of the subject.
        start_s: Start, seconds on the clock of the video.
        end_s: End, likewise.
        modality: audio or visual, the one that is corrupted, restrained or somebody else's, or that shows another
            valence.
        kind: blur, hand, pose, dark, pixelated, silence, noise, restrained, conflict, conflict_control, stranger or
            stranger_control; a control has no cue.
        truth_modality: For conflicts, the modality that shows the label; empty otherwise.
    """

    subject: str
    start_s: float
    end_s: float
    modality: str
    kind: str
    truth_modality: str = ""
