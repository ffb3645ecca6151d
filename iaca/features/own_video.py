"""A video of one's own: how long its features will take on this machine, and the features."""

from __future__ import annotations

import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import NamedTuple

import torch

from iaca.checkpoints import BackboneFile
from iaca.clips import clip_ends
from iaca.config import CLIP_FRAMES
from iaca.config.vocabulary import CLIP_PICTURES
from iaca.data.annotations import read_labels, write_labels
from iaca.data.faces.crops import CropError
from iaca.data.faces.detection import STEP_FRAMES, FaceDetector, find_faces, write_faces_csv
from iaca.data.faces.places import CROP_SIZE
from iaca.data.media.container import MediaError
from iaca.data.media.mel import HOP_SAMPLES, MEL_BANDS
from iaca.data.media.sound import SAMPLE_RATE_HZ
from iaca.data.media.vetting import vet
from iaca.data.media.video import LONGEST_CLIP_S, MediaInfo, iterate_frames, probe
from iaca.features.extraction import FOUND_BY, extract, run_backbone
from iaca.types import Features, Progress, Recording, no_progress

TRIED_FRAMES = 24
"""Frames that are decoded to time one of them."""

TRIED_CLIPS = 4
"""Clips that the backbones run on to time one of them."""

COPY = 3.0
"""Time to decode a frame and encode it for the browser, as a multiple of the time to decode it."""

PARTS = 1000
"""Parts that the work on a video is divided into for reporting progress."""


class Outlook(NamedTuple):
    """What is known of a video before its features are extracted.

    Attributes:
        info: Times and codecs of the video.
        frame_s: Time to decode a frame on this machine, seconds.
        search_s: Time to look for faces in a frame, seconds.
        clip_s: Time that both backbones take for a clip, seconds.
    """

    info: MediaInfo
    frame_s: float
    search_s: float
    clip_s: float

    @property
    def frames(self) -> int:
        """Number of frames of the video."""
        return len(self.info.pts_s)

    def seconds(self, clip_stride: int, frames: int | None = None) -> tuple[float, float, float]:
        """How long extraction will take.

        Args:
            clip_stride: Frames between the ends of neighbouring clips.
            frames: Number of frames from the start that are used; None: all.

        Returns:
            Seconds to find the faces, to run the backbones, and to copy the video for the browser; the last is 0 where
            browsers play the video itself.
        """
        count = self.frames if frames is None else min(frames, self.frames)
        search_s = count * self.frame_s + count / STEP_FRAMES * self.search_s
        networks_s = count * self.frame_s + len(clip_ends(count, clip_stride)) * self.clip_s
        return search_s, networks_s, 0.0 if self.info.browser_playable else self.frames * self.frame_s * COPY


def look_at(video: Path, visual: BackboneFile, audio: BackboneFile, detector: FaceDetector) -> Outlook:
    """Look at the first frames of a video, and time each step of extraction on them.

    Args:
        video: The video.
        visual: Backbone for pictures; each backbone runs on the device that it is on.
        audio: Backbone for sound.
        detector: The face detector.

    Returns:
        Facts and times.

    Raises:
        MediaError: The file is empty, not a video that can be read, or takes too much memory or time to be read.
    """
    if video.is_file() and video.stat().st_size == 0:
        raise MediaError(f"{video} is empty (0 bytes); expected a video")
    vet(video)
    info = probe(video)
    frame_s, search_s = _time_pictures(video, detector)
    pictures = torch.zeros(TRIED_CLIPS, 3, CLIP_PICTURES, CROP_SIZE, CROP_SIZE)
    clip_duration_s = min(CLIP_FRAMES * info.duration_s / max(1, len(info.pts_s)), LONGEST_CLIP_S)
    samples = clip_duration_s * SAMPLE_RATE_HZ
    spectrograms = torch.zeros(TRIED_CLIPS, 1, MEL_BANDS, 1 + round(samples / HOP_SAMPLES))
    clip_s = 0.0
    for backbone, clips in ((visual, pictures), *([(audio, spectrograms)] if info.audio_codec else [])):
        run_backbone(backbone, clips[:1])  # the first call includes one-time work
        clip_s += _timed(partial(run_backbone, backbone, clips)) / TRIED_CLIPS
    return Outlook(info, frame_s, search_s, clip_s)


def _time_pictures(video: Path, detector: FaceDetector) -> tuple[float, float]:
    """Seconds to decode a frame, and to look for faces in one; holds one picture at a time, since they may be large."""
    decoding_s = searching_s = 0.0
    tried = searched = 0
    since_s = time.perf_counter()
    for _, picture in iterate_frames(video):
        decoding_s += time.perf_counter() - since_s
        if tried % STEP_FRAMES == 0:
            searching_s += _timed(partial(detector.detect, picture))
            searched += 1
        tried += 1
        if tried == TRIED_FRAMES:
            break
        since_s = time.perf_counter()
    return decoding_s / max(1, tried), searching_s / max(1, searched)


def extract_own(
    recording: Recording,
    folder: Path,
    visual: BackboneFile,
    audio: BackboneFile,
    detector: FaceDetector,
    outlook: Outlook,
    *,
    clip_stride: int,
    frames: int | None = None,
    progress: Progress = no_progress,
) -> Features:
    """Find the face in a video, and compute the features.

    Args:
        recording: The video, with or without labels.
        folder: Folder for faces.csv, and for the labels of the first frames.
        visual: Backbone for pictures; each backbone runs on the device that it is on.
        audio: Backbone for sound.
        detector: The face detector.
        outlook: What `look_at` returned for the video: how long each step takes.
        clip_stride: Frames between the ends of neighbouring clips.
        frames: Number of frames from the start that are used; None: all.
        progress: Told how many of `PARTS` parts are done, and what is being done. The last parts are left for copying
            the video for the browser, where that is needed.

    Returns:
        The features; missing sound is masked.

    Raises:
        CropError: No face was found.
        MediaError: The video cannot be read.
        AnnotationError: The labels cannot be read.
    """
    count = outlook.frames if frames is None else min(frames, outlook.frames)
    search_s, networks_s, copy_s = outlook.seconds(clip_stride, frames)
    total_s = search_s + networks_s + copy_s

    def searched(done: int, total: int, title: str = "") -> None:
        progress(int(PARTS * done / max(1, total) * search_s / total_s), PARTS, "Looking for the face")

    def finished(done: int, total: int, title: str = "") -> None:
        share = (search_s + done / max(1, total) * networks_s) / total_s
        progress(int(PARTS * share), PARTS, "The backbones look and listen")

    if recording.video_file is None:
        raise MediaError(f"{recording.subject} has no video; expected one to look for a face in")
    searched(0, count)
    faces = find_faces(recording.video_file, [recording.subject], detector, frames=count, progress=searched)
    if not len(faces[recording.subject].frame):
        raise CropError(
            f"{detector.name} found no face in {recording.video_file}: the models need one that is seen from the front "
            "for a second or more"
        )
    places = folder / "faces.csv"
    write_faces_csv(places, faces)
    recording = recording._replace(faces_file=places)
    if frames is not None and frames < outlook.frames:
        recording = _first_frames(recording, frames, folder)
    features = extract(recording, visual, audio, clip_stride=clip_stride, progress=finished)
    return features._replace(problems=(f"{FOUND_BY}{detector.name}", *features.problems))


def _first_frames(recording: Recording, frames: int, folder: Path) -> Recording:
    if recording.label_file is None:
        return recording._replace(listed_frames=frames)
    labels = read_labels(recording.label_file)
    file = folder / "labels-first.txt"
    write_labels(file, labels.valence[:frames], labels.arousal[:frames])
    return recording._replace(label_file=file)


def _timed(action: Callable[[], object]) -> float:
    began_s = time.perf_counter()
    action()
    return time.perf_counter() - began_s
