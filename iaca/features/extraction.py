"""From a recording and two backbones to features."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

import numpy as np
import torch

import iaca
from iaca.checkpoints import BackboneFile
from iaca.clips import clip_ends
from iaca.compute.prefetch import behind, prefetch_all
from iaca.compute.threads import stream
from iaca.config import AUDIO, VISUAL, ConfigError
from iaca.config.checks import check_clip_stride
from iaca.config.vocabulary import CLIP_PICTURES
from iaca.data.faces.crops import Crops
from iaca.data.faces.places import CROP_SIZE
from iaca.data.media.mel import HOP_SAMPLES, MEL_BANDS
from iaca.data.media.sound import read_audio
from iaca.data.timeline import read_timeline
from iaca.features.backbone_inputs import MINIMUM_SAMPLES, frames_with_audio
from iaca.features.clip_batches import Clips, picture_batches, sound_batches
from iaca.features.clip_networks import ClipNetwork, Pending
from iaca.files import fingerprint
from iaca.types import Features, Progress, Recording, no_progress

FOUND_BY = "no crops were given: faces were found in the video by "
"""Begins the sentence about such faces among the problems of a feature file; the name of the detector follows."""


def extract(
    recording: Recording,
    visual: BackboneFile,
    audio: BackboneFile,
    *,
    clip_stride: int,
    progress: Progress = no_progress,
    formats: Mapping[str, Sequence[torch.dtype]] | None = None,
    at_once: int | None = None,
) -> Features:
    """Compute the features of one subject. Memory does not grow with the decoded media.

    A clip without any face, or outside the sound track, has exactly the features of the backbone's output for zeros.

    Args:
        recording: The subject, with a video, and with faces from crop folders or faces.csv.
        visual: Backbone for pictures; each backbone runs on the device that it is on.
        audio: Backbone for sound.
        clip_stride: Frames between the ends of neighbouring clips: 1, 2, 4, 8, 16 or 32.
        progress: Told how many clips are finished, after every batch.
        formats: Modality -> number formats, as `ClipNetwork` takes them; None: those that suit the device.
        at_once: Clips in a batch, at most; None: as many as suit the device.

    Returns:
        Features, labels and masks.

    Raises:
        ConfigError: Another stride, or a backbone of the other modality or one trained on single pictures.
        MediaError: There is no video, or it cannot be read.
        AnnotationError: The label file cannot be read.
        CropError: There are no faces.
        FacesError: faces.csv cannot be read.
    """
    check_clip_stride(clip_stride)
    for backbone, modality in ((visual, VISUAL), (audio, AUDIO)):
        if backbone.config.modality != modality:
            raise ConfigError(f"{backbone.name} is a backbone for {backbone.config.modality}; expected {modality}")
    if visual.is_still:
        raise ConfigError(
            f"{visual.name} was trained on single pictures; expected whole clips: train it further with --start"
        )
    timeline = read_timeline(recording)
    video, sound_file = recording.video_file, recording.sound_file
    assert video is not None, "a timeline needs a video"
    assert sound_file is not None, "a video is where sound is looked for"
    num_frames = len(timeline.pts_s)
    ends = clip_ends(num_frames, clip_stride)
    crops = Crops(recording, num_frames)
    has_audio = np.zeros(num_frames, bool)
    remarks: list[str] = []

    see, hear = (ClipNetwork(one, (formats or {}).get(one.config.modality), at_once=at_once) for one in (visual, audio))
    visual_zero = see(torch.zeros(1, 3, CLIP_PICTURES, CROP_SIZE, CROP_SIZE))[0]
    audio_zero = hear(torch.zeros(1, 1, MEL_BANDS, 1 + MINIMUM_SAMPLES // HOP_SAMPLES))[0]
    visual_features = np.tile(visual_zero, (len(ends), 1))
    audio_features = np.tile(audio_zero, (len(ends), 1))

    def sounds() -> Iterator[_Batch]:
        track = read_audio(sound_file)
        if track is not None and track.remark:
            remarks.append(track.remark)
        has_audio[:] = frames_with_audio(track, timeline.pts_s)
        for places, clips in sound_batches(track, timeline.pts_s, ends, hear.at_once, pinned=hear.on_gpu):
            yield _Batch(places, clips, AUDIO)

    def pictures() -> Iterator[_Batch]:
        for places, clips in picture_batches(crops.clips(ends), see.at_once, pinned=see.on_gpu):
            yield _Batch(places, clips, VISUAL)

    def start(batch: _Batch) -> tuple[_Batch, Pending]:
        return batch, (hear if batch.modality == AUDIO else see).start(batch.clips)

    done = 0
    # Sound and pictures are decoded at the same time, and while the networks run.
    pieces = prefetch_all((pictures(), sounds()))
    # On a GPU, a batch is begun before the one before it is fetched.
    for batch, values in behind(stream(start, pieces, see.device), 1 if see.on_gpu else 0):
        if batch.modality == AUDIO:
            audio_features[batch.places] = values.result()
            continue
        visual_features[batch.places] = values.result()
        done += len(batch.places)
        progress(done, len(ends))
    progress(len(ends), len(ends))

    return Features(
        subject=recording.subject,
        video=recording.video,
        split=recording.split,
        clip_stride=clip_stride,
        backbones={b.config.modality: {"name": b.name, "sha256": b.sha256} for b in (audio, visual)},
        created_by=f"iaca {iaca.__version__}",
        problems=(*timeline.problems, *remarks, *see.remarks, *hear.remarks, *_shortened(crops.problems)),
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
        media=fingerprint(video),
        computed={VISUAL: see.computed, AUDIO: hear.computed},
    )


class _Batch(NamedTuple):
    places: list[int]
    clips: Clips
    modality: str


def _shortened(problems: Sequence[str], most: int = 20) -> list[str]:
    rest = len(problems) - most
    return [*problems[:most], *([f"and {rest} more frames"] if rest > 0 else [])]
