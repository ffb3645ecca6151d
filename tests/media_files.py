"""Small real video files with known times: every picture carries its number, every click has its moment."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from itertools import groupby
from pathlib import Path

import av
import numpy as np

RATE_HZ = 44_100
BITS = 12


def numbered_picture(k: int, width: int = 96, height: int | None = None) -> np.ndarray:
    """(height or width, width, 3) uint8: the number as black and white bars, readable after lossy coding."""
    bars = np.array([(k >> bit) & 1 for bit in range(BITS)], np.uint8) * 200 + 20
    return np.repeat(np.repeat(bars[None, :, None], height or width, 0), width // BITS, 1).repeat(3, 2)


def number_of(picture: np.ndarray) -> int:
    """The number that `numbered_picture` wrote."""
    bars = picture.mean(axis=(0, 2)).reshape(BITS, -1).mean(axis=1)
    return int(sum(1 << bit for bit, level in enumerate(bars) if level > 120))


def clicks(duration_s: float, at_s: tuple[float, ...]) -> np.ndarray:
    """(S,) float32: faint noise with short loud clicks that begin at the given moments."""
    samples = np.random.default_rng(0).normal(0, 1e-4, round(duration_s * RATE_HZ)).astype(np.float32)
    for moment in at_s:
        start = round(moment * RATE_HZ)
        samples[start : start + 200] += 0.8 * np.sin(np.arange(200) * 2 * np.pi * 3000 / RATE_HZ).astype(np.float32)
    return samples


def write_media(
    path: Path,
    times_s: np.ndarray,
    sound: np.ndarray | None = None,
    *,
    sound_start_s: float = 0.0,
    video_codec: str = "libx264",
    audio_codec: str = "aac",
    sound_first: bool = False,
    size: int = 96,
    b_frames: int = 0,
    ticks_per_s: int = 90_000,
) -> Path:
    """Write a video whose frame k is shown at `times_s[k]` on the timeline of the file.

    Args:
        path: The file; its ending chooses the container.
        times_s: (N,) ascending.
        sound: (S,) float32 mono at 44.1 kHz, or None.
        sound_start_s: When the sound starts, on the timeline of the file.
        video_codec: Encoder.
        audio_codec: Encoder.
        sound_first: Whether the sound is the first stream of the file.
        size: Width and height.
        b_frames: Most B-frames in a row.
        ticks_per_s: Resolution of the presentation times.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    interval_s = float(np.median(np.diff(times_s))) if len(times_s) > 1 else 0.04
    with av.open(f"file:{path}", "w") as out:

        def add_sound() -> av.AudioStream | None:
            return None if sound is None else out.add_stream(audio_codec, rate=RATE_HZ, layout="mono")

        audio = add_sound() if sound_first else None
        video = out.add_stream(video_codec, rate=Fraction(round(1 / interval_s * 1000), 1000))
        video.width = video.height = size
        video.pix_fmt = "yuv420p"
        # AVI has no times, only a rate.
        base = Fraction(1, round(1 / interval_s) if path.suffix == ".avi" else ticks_per_s)
        video.codec_context.time_base = base
        video.codec_context.max_b_frames = b_frames
        video.codec_context.gop_size = 12
        if video_codec == "libx264":
            video.options = {"preset": "ultrafast", "crf": "20", "bf": str(b_frames)}
        audio = audio or add_sound()
        for k, time_s in enumerate(times_s):
            frame = av.VideoFrame.from_ndarray(numbered_picture(k, size), format="rgb24")
            frame.pts, frame.time_base = round(Fraction(float(time_s)) / base), base
            out.mux(video.encode(frame))
        out.mux(video.encode(None))
        if audio is not None:
            resampler = av.AudioResampler(audio.codec_context.format, "mono", RATE_HZ)
            for start in range(0, len(sound), 1024):
                frame = av.AudioFrame.from_ndarray(sound[None, start : start + 1024], format="flt", layout="mono")
                frame.sample_rate = RATE_HZ
                frame.pts, frame.time_base = round(sound_start_s * RATE_HZ) + start, Fraction(1, RATE_HZ)
                for converted in resampler.resample(frame):
                    out.mux(audio.encode(converted))
            out.mux(audio.encode(None))
    return path


def write_resizing(path: Path, times_s: np.ndarray, pictures: Sequence[np.ndarray], codec: str = "libvpx") -> Path:
    """Write a video whose pictures change their size on the way, as browsers record a window or a call.

    Args:
        path: A webm or mkv.
        times_s: (N,) ascending, whole milliseconds.
        pictures: N of them, (H, W, 3) uint8; where the size changes, the stream goes on with a key frame.
        codec: Encoder.
    """
    clock = Fraction(1, 1000)
    with av.open(f"file:{path}", "w") as out:
        stream: av.VideoStream | None = None
        for (height, width), part in groupby(zip(times_s, pictures, strict=True), lambda one: one[1].shape[:2]):
            encoder = av.CodecContext.create(codec, "w")
            encoder.width, encoder.height, encoder.pix_fmt, encoder.time_base = width, height, "yuv420p", clock
            encoder.options = {"deadline": "realtime", "crf": "4", "b": "2M"}
            if stream is None:
                stream = out.add_stream(codec, rate=25)
                stream.width, stream.height, stream.pix_fmt, stream.time_base = width, height, "yuv420p", clock
            packets = []
            for time_s, picture in part:
                frame = av.VideoFrame.from_ndarray(picture, format="rgb24")
                frame.pts, frame.time_base = round(1000 * time_s), clock
                packets += encoder.encode(frame)
            for packet in [*packets, *encoder.encode(None)]:
                packet.stream, packet.time_base = stream, clock
                out.mux(packet)
    return path


def pack_as_divx(source: Path, target: Path) -> Path:
    """Rewrite an AVI of MPEG-4 with single B-frames as DivX 5 did: two pictures in a packet, then one with none."""
    start = b"\x00\x00\x01\xb6"  # of a picture; two bits that follow say which kind

    def is_b_frame(packet: bytes) -> bool:
        return packet[packet.index(start) + 4] >> 6 == 2

    with av.open(f"file:{source}") as original, av.open(f"file:{target}", "w") as out:
        stream = original.streams.video[0]
        copy = out.add_stream_from_template(stream)
        packets = [bytes(packet) for packet in original.demux(stream) if packet.size]
        head = packets[0].index(start)
        packets[0] = packets[0][:head] + b"\x00\x00\x01\xb2DivX503b1393p" + packets[0][head:]
        packed: list[bytes] = []
        for packet in packets:
            if is_b_frame(packet):
                packed[-1] += packet
                packed.append(start + b"\x50\x40\x7f")
            else:
                packed.append(packet)
        for slot, content in enumerate(packed):
            packet = av.Packet(content)
            packet.stream, packet.time_base, packet.is_keyframe = copy, stream.time_base, slot == 0
            packet.pts = packet.dts = slot
            out.mux(packet)
    return target
