"""Recording + two backbones -> features; and many recordings -> one file each."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor
from tqdm import tqdm

import iaca
from iaca.checkpoints import Backbone
from iaca.config import AUDIO, VISUAL, ConfigError
from iaca.data.annotations import AnnotationError
from iaca.data.clips import CLIP_PICTURES, check_clip_stride, clip_ends
from iaca.data.crops import CropError, Crops
from iaca.data.face_detection import FaceDetector, find_faces, screen_order, write_faces_csv
from iaca.data.faces import CROP_SIZE, FacesError
from iaca.data.features import FeatureError, read_feature_header, write_features
from iaca.data.index import Problem
from iaca.data.media import MediaError, read_audio
from iaca.data.prefetch import prefetch
from iaca.data.timeline import read_timeline
from iaca.data.transforms import (
    HOP_SAMPLES,
    MEL_BANDS,
    MINIMUM_SAMPLES,
    audio_clip,
    audio_input,
    frames_with_audio,
    visual_input,
)
from iaca.types import Features, Recording

BATCH_CLIPS = 32
RECORDING_ERRORS = (MediaError, AnnotationError, CropError, FacesError, FeatureError, OSError)
"""What can be wrong with one recording; the others go on."""


class ExtractionSummary(NamedTuple):
    """What `extract_all` did.

    Attributes:
        written: Files that are new.
        skipped: Files that were there, made by the same backbones at the same stride.
        problems: Recordings that failed, with reason and remedy.
    """

    written: tuple[Path, ...]
    skipped: tuple[Path, ...]
    problems: tuple[Problem, ...]


def extract(
    recording: Recording,
    visual: Backbone,
    audio: Backbone,
    *,
    clip_stride: int,
    device: str | torch.device = "cpu",
    progress: Callable[[int], None] | None = None,
) -> Features:
    """Compute the features of one subject. Memory does not grow with the decoded media.

    A clip without any face, or outside the sound track, is the backbone's answer to zeros, exactly.

    Args:
        recording: The subject; it needs a video, and faces from crop folders or faces.csv.
        visual: Backbone for pictures.
        audio: Backbone for sound.
        clip_stride: Frames between the ends of neighbouring clips: 1, 2, 4, 8, 16 or 32.
        device: Where the backbones run.
        progress: Called with the number of clips that have just been finished.

    Returns:
        Features, labels and masks.

    Raises:
        ConfigError: The stride is none of those, or a backbone is of the other modality.
        MediaError: There is no video, or it cannot be read.
        AnnotationError: The label file cannot be read.
        CropError: There are no faces.
        FacesError: faces.csv cannot be read.
    """
    check_clip_stride(clip_stride)
    for backbone, modality in ((visual, VISUAL), (audio, AUDIO)):
        if backbone.config.modality != modality:
            raise ConfigError(f"{backbone.name} is a backbone for {backbone.config.modality}; expected {modality}")
    device = torch.device(device)
    timeline = read_timeline(recording)
    num_frames = len(timeline.pts_s)
    ends = clip_ends(num_frames, clip_stride)
    crops = Crops(recording, num_frames)
    track = read_audio(recording.video_file)

    visual_zero = _run(visual, torch.zeros(1, 3, CLIP_PICTURES, CROP_SIZE, CROP_SIZE), device)[0]
    audio_zero = _run(audio, torch.zeros(1, 1, MEL_BANDS, 1 + MINIMUM_SAMPLES // HOP_SAMPLES), device)[0]
    visual_features = np.tile(visual_zero, (len(ends), 1))
    audio_features = np.tile(audio_zero, (len(ends), 1))

    for places, waveforms in prefetch(_equal_lengths(audio_clip(track, timeline.pts_s, int(end)) for end in ends)):
        audio_features[places] = _run(audio, audio_input(torch.from_numpy(waveforms).to(device)), device)
    has_audio = frames_with_audio(track, timeline.pts_s)
    del track  # its samples on disk count as memory while they are mapped
    done = 0
    for places, pictures in prefetch(_equal_lengths(crops.clips(ends))):
        visual_features[places] = _run(visual, visual_input(torch.from_numpy(pictures).to(device)), device)
        if progress is not None:
            progress(places[-1] + 1 - done)
            done = places[-1] + 1
    if progress is not None:
        progress(len(ends) - done)

    return Features(
        subject=recording.subject,
        video=recording.video,
        split=recording.split,
        clip_stride=clip_stride,
        backbones={b.config.modality: {"name": b.name, "sha256": b.sha256} for b in (audio, visual)},
        created_by=f"iaca {iaca.__version__}",
        problems=(*timeline.problems, *_shortened(crops.problems)),
        audio=audio_features,
        visual=visual_features,
        frame=ends,
        pts_s=timeline.pts_s,
        valence=timeline.valence,
        arousal=timeline.arousal,
        has_face=crops.has_face,
        has_audio=has_audio,
        audio_zero=audio_zero,
        visual_zero=visual_zero,
    )


def extract_all(
    recordings: Iterable[Recording],
    out_dir: str | os.PathLike[str],
    visual: Backbone,
    audio: Backbone,
    *,
    clip_stride: int,
    device: str | torch.device = "cpu",
    shard: tuple[int, int] = (0, 1),
    detector: FaceDetector | None = None,
    quiet: bool = False,
) -> ExtractionSummary:
    """Extract many subjects, one file each. May be stopped at any moment and run again: whole files are kept.

    Args:
        recordings: The subjects.
        out_dir: Where `<subject>.safetensors` goes.
        visual: Backbone for pictures.
        audio: Backbone for sound.
        clip_stride: Frames between the ends of neighbouring clips.
        device: Where the backbones run.
        shard: (i, n): every n-th subject beginning with number i, so that n runs share the work without touching
            the same file.
        detector: Finds the faces of subjects that come without; what it found is kept in `out_dir`/faces. None: such
            subjects are problems.
        quiet: No progress on stderr.

    Returns:
        What was written, what was there, and what failed: one subject never stops the others.

    Raises:
        ConfigError: The stride or the shard cannot be.
    """
    check_clip_stride(clip_stride)
    number, shards = shard
    if not 0 <= number < shards:
        raise ConfigError(f"shard is {number} of {shards}; expected a number from 0 to {shards - 1}")
    out_dir = Path(out_dir)
    # Sorted, so that every run of a job array sees the same order.
    everyone = sorted(recordings, key=lambda recording: recording.subject)
    mine = everyone[number::shards]
    written, skipped, problems = [], [], []
    with (
        tqdm(total=len(mine), unit="subject", desc="extract", disable=quiet, dynamic_ncols=True) as subjects,
        tqdm(unit="clip", disable=quiet, dynamic_ncols=True, leave=False, position=1) as clips,
    ):
        for recording in mine:
            path = out_dir / f"{recording.subject}.safetensors"
            if is_current(path, visual, audio, clip_stride):
                skipped.append(path)
            else:
                clips.set_description(recording.subject)
                try:
                    found_by = None
                    if detector is not None and not has_known_faces(recording):
                        recording = with_found_faces(recording, everyone, detector, out_dir / "faces")
                        found_by = detector.name
                    features = extract(
                        recording, visual, audio, clip_stride=clip_stride, device=device, progress=clips.update
                    )
                    if found_by is not None:
                        told = f"no crops were given: faces were found in the video by {found_by}"
                        features = features._replace(problems=(told, *features.problems))
                    write_features(path, features)
                    written.append(path)
                except RECORDING_ERRORS as error:
                    problems.append(Problem(recording.subject, f"{error}.", _remedy(error)))
            subjects.update()
            subjects.set_postfix(written=len(written), skipped=len(skipped), failed=len(problems))
    return ExtractionSummary(tuple(written), tuple(skipped), tuple(problems))


def has_known_faces(recording: Recording) -> bool:
    """Whether faces are given, as crops or as places in faces.csv."""
    return bool(recording.crop_folders) or recording.faces_file is not None


def with_found_faces(
    recording: Recording, others: Iterable[Recording], detector: FaceDetector, folder: Path
) -> Recording:
    """The recording with a faces.csv of its own, from an earlier run or looked for now.

    Args:
        recording: Who is looked for.
        others: All recordings: people in the same video are told apart by their order on screen.
        detector: What finds faces.
        folder: Where `<subject>.<detector>.csv` is kept.

    Raises:
        MediaError: There is no video, or it cannot be read.
        CropError: No face was found.
    """
    path = folder / f"{recording.subject}.{detector.name}.csv"
    if not path.is_file():
        if recording.video_file is None:
            raise MediaError(f"{recording.subject} has no video; expected {recording.video}.mp4 or .avi")
        together = {r.subject for r in others if r.video == recording.video} | {recording.subject}
        found = find_faces(recording.video_file, screen_order(sorted(together)), detector)[recording.subject]
        if not len(found.frame):
            raise CropError(
                f"{recording.subject} has no crops, and {detector.name} found no face in {recording.video_file}"
            )
        write_faces_csv(path, {recording.subject: found})
    return recording._replace(faces_file=path)


def single_recording(video: str | os.PathLike[str], labels: str | os.PathLike[str] | None = None) -> Recording:
    """A recording from one video of any format, outside any data tree.

    Args:
        video: The video; its stem names the subject.
        labels: Label file, or None.

    Raises:
        MediaError: The video does not exist.
        AnnotationError: The label file does not exist.
    """
    video, labels = Path(video), None if labels is None else Path(labels)
    if not video.is_file():
        raise MediaError(f"{video} does not exist; expected a video")
    if labels is not None and not labels.is_file():
        raise AnnotationError(f"{labels} does not exist; expected a label file")
    return Recording(video.stem, video.stem, None, video, labels)


def is_current(path: Path, visual: Backbone, audio: Backbone, clip_stride: int) -> bool:
    """Whether a feature file is whole and made by these backbones at this stride."""
    try:
        header = read_feature_header(path)
    except FeatureError:
        return False
    made_by = {modality: backbone.get("sha256") for modality, backbone in header["backbones"].items()}
    return header["clip_stride"] == clip_stride and made_by == {VISUAL: visual.sha256, AUDIO: audio.sha256}


def _equal_lengths(clips: Iterable[np.ndarray | None]) -> Iterator[tuple[list[int], np.ndarray]]:
    """Batches of clips of one shape, so that nothing is padded to its neighbours; missing clips are passed over."""
    waiting: dict[tuple[int, ...], tuple[list[int], list[np.ndarray]]] = {}
    for place, clip in enumerate(clips):
        if clip is None:
            continue
        places, batch = waiting.setdefault(clip.shape, ([], []))
        places.append(place)
        batch.append(clip)
        if len(batch) == BATCH_CLIPS:
            yield places, np.stack(batch)
            del waiting[clip.shape]
    for places, batch in waiting.values():
        yield places, np.stack(batch)


@torch.inference_mode()
def _run(backbone: Backbone, x: Tensor, device: torch.device) -> np.ndarray:
    model = backbone.model.to(device)
    with torch.autocast(device.type, torch.bfloat16, enabled=device.type == "cuda"):
        return model.features(x.to(device, non_blocking=True)).float().cpu().numpy()


def _shortened(problems: Sequence[str], most: int = 20) -> list[str]:
    rest = len(problems) - most
    return [*problems[:most], *([f"and {rest} more frames"] if rest > 0 else [])]


def _remedy(error: Exception) -> str:
    if isinstance(error, MediaError):
        return "Download the video again, or convert it with ffmpeg."
    if isinstance(error, CropError | FacesError):
        return "Add the folder of crops to the data roots, or let a detector look for faces (a YuNet file finds more)."
    if isinstance(error, AnnotationError):
        return "Repair the label file."
    return "Check free space and permissions."
