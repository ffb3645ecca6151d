"""Batches that a backbone is trained on: clips of recordings, drawn anew for every epoch."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence

import numpy as np
from tqdm import tqdm

from iaca.compute.distributed import Worker
from iaca.config import CLIP_FRAMES, VISUAL
from iaca.errors import InputError
from iaca.training.clip_cache import CachedClips, cached_clips
from iaca.types import Recording

CLIPS_TOGETHER = 4
"""Clips of one recording that are neighbours in a batch."""


def decode_all(
    recordings: Sequence[Recording],
    modality: str,
    clip_stride: int,
    cache_dir: str | os.PathLike[str],
    me: Worker,
    progress: bool,
) -> tuple[list[CachedClips], list[str]]:
    """Decode the clips of all recordings; each recording is decoded by one process, and read by all.

    Args:
        recordings: The subjects.
        modality: audio or visual.
        clip_stride: Frames between the ends of neighbouring clips.
        cache_dir: Folder for decoded clips, the same for all processes.
        me: This process.
        progress: Whether the leading process shows a bar on stderr.

    Returns:
        The clips, and a sentence for each recording that cannot be read; the others are decoded all the same.
    """
    found: dict[str, CachedClips] = {}
    problems: dict[str, str] = {}

    def decode(recording: Recording) -> None:
        try:
            found[recording.subject] = cached_clips(recording, modality, clip_stride, cache_dir)
        except (InputError, FileNotFoundError, PermissionError) as error:
            problems[recording.subject] = f"{recording.subject} is left out: {error}"
        except OSError:
            raise  # no room for the cache: all others would fail as well
        except Exception as error:  # unforeseen, and a matter of this recording alone
            problems[recording.subject] = f"{recording.subject} is left out: {type(error).__name__}: {error}"

    mine = recordings[me.rank :: me.world]
    for recording in tqdm(
        mine, unit="subject", desc=f"decode {modality}", disable=not (progress and me.leads), dynamic_ncols=True
    ):
        decode(recording)
    me.wait()
    for recording in recordings:
        if recording.subject not in found and recording.subject not in problems:
            decode(recording)  # another process has done the work
    in_order = [recording.subject for recording in recordings]
    return [found[s] for s in in_order if s in found], [problems[s] for s in in_order if s in problems]


def draw_epoch(usable: Sequence[np.ndarray], *, clip_stride: int, seed: int, epoch: int) -> np.ndarray:
    """Draw the clips of an epoch in random order: one for each 32 frames of a recording.

    A few clips of one recording stay together, so that a batch shows what changes within a recording.

    Args:
        usable: For each recording, the numbers of its annotated clips.
        clip_stride: Frames between the ends of neighbouring clips.
        seed: Seed of the run.
        epoch: Number of the epoch, from 0.

    Returns:
        (M, 2) int64, recording and clip.
    """
    draw = np.random.default_rng((seed, epoch))
    part = CLIP_FRAMES // clip_stride
    rows = []
    for recording, members in enumerate(usable):
        for start in range(0, len(members), part):
            chunk = members[start : start + part]
            rows.append((recording, chunk[draw.integers(len(chunk))]))
    shuffled = draw.permutation(np.array(rows, np.int64).reshape(-1, 2))
    # A stable sort keeps the clips of a recording shuffled; they are then cut into groups that stay together.
    shuffled = shuffled[np.argsort(shuffled[:, 0], kind="stable")]
    bounds = np.flatnonzero(np.diff(shuffled[:, 0])) + 1
    groups = [
        recording[start : start + CLIPS_TOGETHER]
        for recording in np.split(shuffled, bounds)
        for start in range(0, len(recording), CLIPS_TOGETHER)
    ]
    return np.concatenate([groups[i] for i in draw.permutation(len(groups))])


def batches(
    clips: Sequence[CachedClips], draw: Callable[[int], np.ndarray], steps: int, numbers: range, me: Worker
) -> Iterator[tuple[int, list[np.ndarray], np.ndarray, np.ndarray]]:
    """Iterate over this process's share of the batches of a run.

    Args:
        clips: The clips of each recording.
        draw: Epoch -> its clips, as `draw_epoch` returns them.
        steps: Batches in an epoch.
        numbers: Numbers of the batches, counted over the run.
        me: This process. Its share of a batch are neighbours, so that clips of one recording stay together.

    Yields:
        Number of the batch; its clips stacked by shape; and in the order of these, (M, 2) float32 targets and (M,)
        int64 recordings.
    """
    epoch, rows = -1, np.zeros((0, 2), np.int64)
    for number in numbers:
        if number // steps != epoch:
            epoch = number // steps
            rows = draw(epoch)
        batch = np.array_split(rows, steps)[number % steps]  # batches of one epoch differ by one clip at most
        groups: dict[tuple[int, ...], list[tuple[np.ndarray, np.ndarray, int]]] = {}
        for r, i in np.array_split(batch, me.world)[me.rank]:
            clip = clips[r].clip(i)
            groups.setdefault(clip.shape, []).append((clip, clips[r].targets[i], r))
        yield (
            number,
            [np.stack([clip for clip, _, _ in group]) for group in groups.values()],
            np.stack([target for group in groups.values() for _, target, _ in group]),
            np.array([r for group in groups.values() for _, _, r in group]),
        )


def groups_of_one_shape(clips: CachedClips) -> list[np.ndarray]:
    """Numbers of all clips of a recording, in groups of one shape."""
    members = np.arange(len(clips.ends))
    if clips.modality == VISUAL or not len(members):
        return [members] if len(members) else []
    lengths = clips.places[members, 1]
    return [members[lengths == length] for length in np.unique(lengths)]
