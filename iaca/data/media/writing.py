"""Writing H.264 and AAC in mp4, which every browser plays."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from fractions import Fraction
from typing import NamedTuple

import av
import numpy as np
import torch
from av.audio.stream import AudioStream
from av.container import OutputContainer
from av.video.stream import VideoStream

from iaca.files import written_beside

TICKS_PER_S = 90_000
"""Default clock of the pictures."""

AAC_FRAME = 1024


class Sound(NamedTuple):
    """The sound of a video that is written.

    Attributes:
        samples: (S,) float32 mono in [-1, 1]; sample 0 sounds at 0 s. It is sliced and never copied whole.
        sample_rate_hz: Of the samples.
        bits_per_s: Of the encoded sound; None: the encoder's own choice.
    """

    samples: np.ndarray
    sample_rate_hz: int
    bits_per_s: int | None = None


class Mp4Writer:
    """Encodes pictures as they come, each with the sound up to it; made by `open_mp4`."""

    def __init__(self, container: OutputContainer, video: VideoStream, sound: tuple[AudioStream, Sound] | None) -> None:
        self._container, self._video, self._sound = container, video, sound
        self._encoded_samples = 0

    def add(self, picture: np.ndarray, shown_s: float) -> None:
        """Encode a picture.

        Args:
            picture: (height, width, 3) uint8 RGB.
            shown_s: When it is shown, in seconds; later than the previous picture.
        """
        time_base = self._video.codec_context.time_base
        frame = av.VideoFrame.from_ndarray(np.ascontiguousarray(picture), format="rgb24")
        frame.pts, frame.time_base = round(shown_s * time_base.denominator), time_base
        self._container.mux(self._video.encode(frame))
        if self._sound is not None:
            stream, sound = self._sound
            self._add_sound(stream, sound, round(shown_s * sound.sample_rate_hz))

    def finish(self) -> None:
        """Encode the rest of the sound and flush both encoders."""
        self._container.mux(self._video.encode(None))
        if self._sound is not None:
            stream, sound = self._sound
            self._add_sound(stream, sound, len(sound.samples))
            self._container.mux(stream.encode(None))

    def _add_sound(self, stream: AudioStream, sound: Sound, until: int) -> None:
        """Sound goes in beside the pictures: one after the other, the muxer would hold a whole track in memory."""
        while self._encoded_samples < min(until, len(sound.samples)):
            first = self._encoded_samples
            block = np.ascontiguousarray(sound.samples[None, first : first + AAC_FRAME], dtype=np.float32)
            frame = av.AudioFrame.from_ndarray(block, format="fltp", layout="mono")
            frame.sample_rate, frame.pts = sound.sample_rate_hz, first
            frame.time_base = Fraction(1, sound.sample_rate_hz)
            self._container.mux(stream.encode(frame))
            self._encoded_samples += block.shape[1]


@contextmanager
def open_mp4(
    path: str | os.PathLike[str],
    *,
    width: int,
    height: int,
    rate: Fraction,
    options: Mapping[str, str],
    sound: Sound | None = None,
    gop_frames: int | None = None,
    ticks_per_s: int = TICKS_PER_S,
    threads: int | None = None,
) -> Iterator[Mp4Writer]:
    """Open an mp4 to write pictures to, its table of contents first; the file appears whole or not at all.

    Args:
        path: The file.
        width: Of the pictures, an even number of pixels.
        height: Likewise.
        rate: Nominal pictures a second; the times given to `Mp4Writer.add` decide.
        options: Options of x264, such as crf and preset.
        sound: What goes with the pictures, or None.
        gop_frames: Most pictures between two key frames; None: the encoder's own choice.
        ticks_per_s: Clock of the pictures.
        threads: Of the encoder; None: its own choice.

    Yields:
        The writer; it finishes where the block ends well.

    Raises:
        OSError: The file cannot be written.
        av.FFmpegError: An encoder fails.
    """
    with (
        written_beside(path) as temporary,
        av.open(f"file:{temporary}", "w", format="mp4", options={"movflags": "+faststart"}) as container,
    ):
        video = container.add_stream("libx264", rate=rate, options=_repeatable(options))
        video.width, video.height, video.pix_fmt = width, height, "yuv420p"
        video.codec_context.time_base = Fraction(1, ticks_per_s)
        if gop_frames is not None:
            video.codec_context.gop_size = gop_frames
        if threads is not None:
            video.codec_context.thread_count = threads
        track = None
        if sound is not None and len(sound.samples):
            audio = container.add_stream("aac", rate=sound.sample_rate_hz, layout="mono")
            if sound.bits_per_s is not None:
                audio.codec_context.bit_rate = sound.bits_per_s
            track = audio, sound
        writer = Mp4Writer(container, video, track)
        yield writer
        writer.finish()


def _repeatable(options: Mapping[str, str]) -> dict[str, str]:
    """Keep x264 from AVX-512, with which the same pictures do not always give the same bytes."""
    if torch.backends.cpu.get_cpu_capability() != "AVX512":
        return dict(options)
    parameters = options.get("x264-params")
    return {**options, "x264-params": f"{parameters}:asm=avx2" if parameters else "asm=avx2"}
