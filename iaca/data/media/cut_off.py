"""Files that were cut off: they end well before their own header says."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

import av

from iaca.data.media.container import opened, seconds, sound_tracks, video_stream

LEAST_MISSING_S, LEAST_MISSING = 1.0, 0.02
"""Seconds, and share of the whole, that must be missing at the end of a file that is called cut off."""


class CutOff(NamedTuple):
    """Where a file that was cut off ends, and where it would end by its own header, on its timeline."""

    end_s: float
    announced_s: float


def cut_off(path: Path, last_s: float) -> CutOff | None:
    """Whether a file ends well before the end that its header announces; None also where a header announces none.

    Args:
        path: The video.
        last_s: When its last picture is shown, on the timeline of the file.
    """
    with opened(path) as container:
        stream = video_stream(path, container)
        tracks: list[av.VideoStream | av.AudioStream] = [stream]
        formats = set(container.format.name.split(","))
        if "mp4" in formats:
            announced_s = seconds(stream.duration or 0, stream.time_base)
        elif "avi" in formats:
            announced_s = seconds(stream.frames, stream.time_base)
        elif "matroska" in formats:
            announced_s = (container.duration or 0) / av.time_base
            tracks += sound_tracks(container)
        else:
            return None  # ffmpeg takes the end of what is there, or guesses
        missing_s = max(LEAST_MISSING_S, LEAST_MISSING * announced_s)
        if last_s > announced_s - missing_s:
            return None
        # The picture may end before the sound, and packets that are not shown are there all the same.
        ends = (
            seconds(start + (packet.duration or 0), packet.time_base)
            for packet in container.demux(tracks)
            if packet.size and (start := packet.dts if packet.pts is None else packet.pts) is not None
        )
        end_s = max(ends, default=0.0)
    return CutOff(end_s, announced_s) if end_s < announced_s - missing_s else None
