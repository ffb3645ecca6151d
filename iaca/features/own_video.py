"""A video of one's own: how long its features will take on this machine, and the features."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import NamedTuple

import torch

from iaca.checkpoints import BackboneFile
from iaca.checkpoints.pretrained import find_backbone
from iaca.clips import clip_ends
from iaca.config import AUDIO, CLIP_FRAMES, VISUAL
from iaca.config.vocabulary import CLIP_PICTURES
from iaca.data.annotations import read_labels, write_labels
from iaca.data.faces.crops import CropError
from iaca.data.faces.detection import STEP_FRAMES, known_people
from iaca.data.faces.detectors import FaceDetector
from iaca.data.faces.people import about_several, places_of
from iaca.data.faces.places import CROP_SIZE, write_faces_csv
from iaca.data.media.apart import apart
from iaca.data.media.browser_copy import browser_copy
from iaca.data.media.container import MediaError
from iaca.data.media.mel import HOP_SAMPLES, MEL_BANDS
from iaca.data.media.sound import SAMPLE_RATE_HZ
from iaca.data.media.video import LONGEST_CLIP_S, MediaInfo
from iaca.features.clip_networks import run_backbone
from iaca.features.extraction import FOUND_BY, extract
from iaca.features.face_yield import with_turn
from iaca.features.feature_files import write_features
from iaca.features.missed_pictures import keep_missed
from iaca.features.vetting import vet
from iaca.files import write_whole
from iaca.headers import HeaderError, parse_json
from iaca.types import Features, Progress, Recording, no_progress

TRIED_CLIPS = 4
"""Clips that the backbones run on to time one of them."""

COPY = 3.0
"""Time to decode a frame and encode it for the browser, as a multiple of the time to decode it."""

PEOPLE = "people"
"""Folder beside the features with everybody who was found."""

CHOICE = "choice.json"
"""File beside the features with the numbers of the people whose features they are."""

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
    info, frame_s, search_s = vet(video, detector)
    pictures = torch.zeros(TRIED_CLIPS, 3, CLIP_PICTURES, CROP_SIZE, CROP_SIZE)
    clip_duration_s = min(CLIP_FRAMES * info.duration_s / max(1, len(info.pts_s)), LONGEST_CLIP_S)
    samples = clip_duration_s * SAMPLE_RATE_HZ
    spectrograms = torch.zeros(TRIED_CLIPS, 1, MEL_BANDS, 1 + round(samples / HOP_SAMPLES))
    clip_s = 0.0
    for backbone, clips in ((visual, pictures), *([(audio, spectrograms)] if info.audio_codec else [])):
        run_backbone(backbone, clips[:1])  # the first call includes one-time work
        clip_s += _timed(partial(run_backbone, backbone, clips)) / TRIED_CLIPS
    return Outlook(info, frame_s, search_s, clip_s)


class Apart(NamedTuple):
    """What the work on a video in a process of its own reads and writes.

    Attributes:
        recording: The video, with or without labels.
        folder: As in `extract_own`.
        visual: File of the backbone for pictures.
        audio: File of the backbone for sound.
        device: Where they run.
        outlook: As in `extract_own`.
        clip_stride: As in `extract_own`.
        frames: As in `extract_own`.
        features: Feature file to write, in a folder that is there.
        copies: Folder for the copy that browsers play, where they do not play the video itself.
        people: As in `extract_own`.
    """

    recording: Recording
    folder: Path
    visual: Path
    audio: Path
    device: str
    outlook: Outlook
    clip_stride: int
    frames: int | None
    features: Path
    copies: Path
    people: tuple[int, ...] = (1,)


def extract_apart(job: Apart, detector: FaceDetector, progress: Progress = no_progress) -> None:
    """Extract the features of a video that nobody vouches for, and copy it for the browser, in a process that may fail.

    Args:
        job: What is read and written.
        detector: The face detector; the process gets a copy of it.
        progress: As in `extract_own`; an error that it raises ends the work.

    Raises:
        MediaError: The video cannot be read, or reading it took too much memory, or too long without any progress.
        InputError: As `extract_own` and `write_features`.
        OSError: A file cannot be written.
    """
    if job.recording.video_file is None:
        raise MediaError(f"{job.recording.subject} has no video; expected one to look for a face in")
    is_limited = torch.device(job.device).type == "cpu"
    apart(
        job.recording.video_file, _extract_and_copy, detector, job, progress=progress, making=True, limited=is_limited
    )


def _extract_and_copy(detector: FaceDetector, job: Apart, progress: Progress) -> None:
    visual, audio = (
        find_backbone(file, modality, job.device) for file, modality in ((job.visual, VISUAL), (job.audio, AUDIO))
    )
    features = extract_own(
        job.recording, job.folder, visual, audio, detector, job.outlook,
        clip_stride=job.clip_stride, frames=job.frames, people=job.people, progress=progress,
    )  # fmt: skip
    video = job.recording.video_file
    if video is not None and not job.outlook.info.browser_playable:
        *before_s, copy_s = job.outlook.seconds(job.clip_stride, job.frames)
        share = sum(before_s) / (sum(before_s) + copy_s)

        def copied(done: int, total: int, title: str = "") -> None:
            progress(int(PARTS * (share + (1 - share) * done / max(1, total))), PARTS, "Copying it for the browser")

        browser_copy(video, job.copies, copied)
    progress(PARTS, PARTS, "Writing the features")
    if video is not None and job.features.parent.is_dir():  # it may have been removed meanwhile
        keep_missed(video, features, job.folder)
        write_features(job.features, features)


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
    people: tuple[int, ...] = (1,),
    progress: Progress = no_progress,
) -> Features:
    """Find the face in a video, and compute the features.

    Args:
        recording: The video, with or without labels.
        folder: Folder for faces.csv, for everybody who was found, and for the labels of the first frames.
        visual: Backbone for pictures; each backbone runs on the device that it is on.
        audio: Backbone for sound.
        detector: The face detector.
        outlook: What `look_at` returned for the video: how long each step takes.
        clip_stride: Frames between the ends of neighbouring clips.
        frames: Number of frames from the start that are used; None: all.
        people: Numbers of the people found who are meant, all of them one person in several shots.
        progress: Told how many of `PARTS` parts are done, and what is being done. The last parts are left for copying
            the video for the browser, where that is needed.

    Returns:
        The features; missing sound is masked.

    Raises:
        CropError: No face was found.
        FacesError: There is no such person.
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
    found, turn, _ = known_people(recording.video_file, detector, folder / PEOPLE, frames=count, progress=searched)
    if not found:
        needed = "the models need one that is seen from the front for a second or more"
        raise CropError(f"{detector.name} found no face in {recording.video_file}: {turn.sentence if turn else needed}")
    places = folder / "faces.csv"
    write_faces_csv(places, {recording.subject: places_of(found, people)})
    write_whole(folder / CHOICE, json.dumps(people).encode())
    recording = recording._replace(faces_file=places)
    if frames is not None and frames < outlook.frames:
        recording = _first_frames(recording, frames, folder)
    features = extract(recording, visual, audio, clip_stride=clip_stride, progress=finished)
    said = [sentence] if (sentence := about_several(found, people)) else []
    features = features._replace(problems=(f"{FOUND_BY}{detector.name}", *said, *features.problems))
    return with_turn(features, turn)


def search(detector: FaceDetector, video: Path, folder: Path, frames: int, progress: Progress) -> None:
    """Look for everybody in the first frames of a video, and keep them in a folder; as `known_people`."""
    known_people(video, detector, folder, frames=frames, progress=progress)


def read_choice(folder: Path) -> tuple[int, ...]:
    """Whose features lie in a folder, as numbers of the people found; (1,) where nobody has chosen."""
    try:
        return tuple(int(number) for number in parse_json((folder / CHOICE).read_text(encoding="utf-8"))) or (1,)
    except (OSError, ValueError, TypeError, HeaderError):
        return (1,)


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
