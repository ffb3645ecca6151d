"""From a recording and two backbones to features."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence

import numpy as np
import torch
from torch import Tensor

import iaca
from iaca.checkpoints import BackboneFile
from iaca.clips import clip_ends
from iaca.compute.devices import device_of
from iaca.compute.prefetch import prefetch_all
from iaca.compute.threads import stream, threads_for
from iaca.config import AUDIO, VISUAL, ConfigError
from iaca.config.checks import check_clip_stride
from iaca.config.vocabulary import CLIP_PICTURES
from iaca.data.faces.crops import Crops
from iaca.data.faces.places import CROP_SIZE
from iaca.data.media.mel import HOP_SAMPLES, MEL_BANDS
from iaca.data.media.sound import read_audio
from iaca.data.timeline import read_timeline
from iaca.features.backbone_inputs import MINIMUM_SAMPLES, audio_clip, audio_input, frames_with_audio, visual_input
from iaca.features.clip_networks import ClipNetwork
from iaca.files import fingerprint
from iaca.types import Features, Progress, Recording, no_progress

BATCH_CLIPS = 32
"""Clips in the networks at the same time, in as many batches as there are threads; this bounds the memory."""

WAITING_CLIPS = 8 * BATCH_CLIPS
"""Clips that may wait for others of their length: where the frame rate varies, nearly every sound has a length of its
own."""

BATCH_BYTES, WAITING_BYTES = 2**24, 2**27
"""Bytes in a batch and in waiting clips, which bound the memory for the long sounds of a low frame rate too."""

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
    device = device_of(visual.model)
    timeline = read_timeline(recording)
    video, sound_file = recording.video_file, recording.sound_file
    assert video is not None, "a timeline needs a video"
    assert sound_file is not None, "a video is where sound is looked for"
    num_frames = len(timeline.pts_s)
    ends = clip_ends(num_frames, clip_stride)
    crops = Crops(recording, num_frames)
    at_once = batch_clips(device)
    has_audio = np.zeros(num_frames, bool)
    remarks: list[str] = []

    see, hear = (ClipNetwork(one, (formats or {}).get(one.config.modality)) for one in (visual, audio))
    visual_zero = see(torch.zeros(1, 3, CLIP_PICTURES, CROP_SIZE, CROP_SIZE))[0]
    audio_zero = hear(torch.zeros(1, 1, MEL_BANDS, 1 + MINIMUM_SAMPLES // HOP_SAMPLES))[0]
    visual_features = np.tile(visual_zero, (len(ends), 1))
    audio_features = np.tile(audio_zero, (len(ends), 1))

    def sounds() -> Iterator[tuple[list[int], Tensor, str]]:
        track = read_audio(sound_file)
        if track is not None and track.remark:
            remarks.append(track.remark)
        has_audio[:] = frames_with_audio(track, timeline.pts_s)
        for places, waveforms in equal_lengths((audio_clip(track, timeline.pts_s, int(end)) for end in ends), at_once):
            if track is not None:
                track.release()
            yield places, _ready(waveforms, device), AUDIO

    def pictures() -> Iterator[tuple[list[int], Tensor, str]]:
        for places, clips in equal_lengths(crops.clips(ends), at_once):
            yield places, _ready(clips, device), VISUAL

    def run(piece: tuple[list[int], Tensor, str]) -> tuple[list[int], np.ndarray, str]:
        places, batch, modality = piece
        network, to_input = (hear, audio_input) if modality == AUDIO else (see, visual_input)
        return places, network(to_input(batch.to(network.device, non_blocking=True))), modality

    done = 0
    # Sound and pictures are decoded at the same time, and while the networks run.
    pieces = prefetch_all((pictures(), sounds()))
    for places, values, modality in stream(run, pieces, device):
        if modality == AUDIO:
            audio_features[places] = values
            continue
        visual_features[places] = values
        done += len(places)
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


def batch_clips(device: torch.device) -> int:
    """Clips in a batch on a device, so that all its threads together have BATCH_CLIPS."""
    return max(1, BATCH_CLIPS // threads_for(device))


def equal_lengths(
    clips: Iterable[np.ndarray | None], at_once: int = BATCH_CLIPS
) -> Iterator[tuple[list[int], np.ndarray]]:
    """Group clips into batches of one shape, so that no clip is padded; missing clips are skipped.

    At most `WAITING_CLIPS` and `WAITING_BYTES` wait for others of their shape, so memory grows neither with the number
    of lengths nor with the lengths.

    Args:
        clips: Decoded clips; None for a missing one.
        at_once: Clips in a batch, at most.

    Yields:
        Numbers of the clips among all, and the clips stacked.
    """
    waiting: dict[tuple[int, ...], tuple[list[int], list[np.ndarray]]] = {}
    held = held_bytes = 0
    for place, clip in enumerate(clips):
        if clip is None:
            continue
        places, batch = waiting.setdefault(clip.shape, ([], []))
        places.append(place)
        batch.append(clip)
        held += 1
        held_bytes += clip.nbytes
        is_full = len(batch) >= at_once or len(batch) * clip.nbytes >= BATCH_BYTES
        if not is_full and held <= WAITING_CLIPS and held_bytes <= WAITING_BYTES:
            continue
        largest = max(waiting, key=lambda shape: sum(one.nbytes for one in waiting[shape][1]))
        places, batch = waiting.pop(clip.shape if is_full else largest)
        held -= len(places)
        held_bytes -= sum(one.nbytes for one in batch)
        yield places, np.stack(batch)
    for places, batch in waiting.values():
        yield places, np.stack(batch)


def _ready(clips: np.ndarray, device: torch.device) -> Tensor:
    """A batch as a tensor, in pinned memory for a GPU, which can copy from there while it computes."""
    tensor = torch.from_numpy(clips)
    return tensor.pin_memory() if device.type == "cuda" else tensor


def _shortened(problems: Sequence[str], most: int = 20) -> list[str]:
    rest = len(problems) - most
    return [*problems[:most], *([f"and {rest} more frames"] if rest > 0 else [])]
