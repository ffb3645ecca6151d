"""What a frame of an AVI costs against the same frame in mp4, and what each subject of a large faces.csv costs.

AVI has no presentation times: a file is decoded once to learn them, and once for its pictures. The same encoded
pictures and sound are put into both containers, 1280 x 720. Run: `python -m benchmarks.avi_extraction`.
"""

from __future__ import annotations

import iaca  # noqa: F401  before torch: it says how threads wait

# isort: split
import argparse
import tempfile
import time
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
from av.bitstream import BitStreamFilterContext

from benchmarks.extraction import random_backbone
from iaca.data.faces.places import COLUMNS, read_faces_csv
from iaca.data.media.writing import Sound, open_mp4
from iaca.features.extraction import extract
from iaca.types import Recording

RATE_HZ = 30
WIDTH, HEIGHT = 1280, 720
SUBJECT = "someone"


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--frames", type=int, default=600)
    parser.add_argument("--clip-stride", type=int, default=1)
    parser.add_argument("--visual", default="slim", help="architecture, with random weights (default: slim)")
    parser.add_argument("--audio", default="slim", help="architecture, with random weights (default: slim)")
    parser.add_argument("--subjects", type=int, default=564, help="in a large faces.csv (default: as in Aff-Wild2)")
    parser.add_argument("--repeats", type=int, default=3, help="the fastest of so many (default: 3)")
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        backbones = [random_backbone(folder, modality, getattr(args, modality)) for modality in ("visual", "audio")]
        faces = write_faces(folder / "faces.csv", [SUBJECT], args.frames)
        mp4 = write_video(folder / f"{SUBJECT}.mp4", args.frames)
        avi = into_avi(mp4, folder / f"{SUBJECT}.avi")

        def whole(video: Path) -> None:
            video.touch()  # a file that has changed: nothing that was kept of it counts
            recording = Recording(SUBJECT, SUBJECT, None, video, None, faces_file=faces)
            extract(recording, *backbones, clip_stride=args.clip_stride)

        whole(mp4)  # first calls are slow
        wall_s, processor_s = fastest({"mp4": lambda: whole(mp4), "avi": lambda: whole(avi)}, args.repeats)
        print(
            f"{args.frames} frames of {WIDTH} x {HEIGHT} at stride {args.clip_stride}, {args.visual} and {args.audio}"
        )
        for kind in wall_s:
            a_frame_ms = 1e3 * wall_s[kind] / args.frames, 1e3 * processor_s[kind] / args.frames
            print(f"  {kind}: {a_frame_ms[0]:.2f} ms a frame, {a_frame_ms[1]:.2f} ms of processor time")
        ratio = wall_s["avi"] / wall_s["mp4"], processor_s["avi"] / processor_s["mp4"]
        print(f"  AVI against mp4: {ratio[0]:.2f} times the time, {ratio[1]:.2f} times the processor time")

        names = [f"subject-{k}" for k in range(args.subjects)]
        large = write_faces(folder / "all.csv", names, 200)
        began_s = time.perf_counter()
        read_faces_csv(large)
        first_s, began_s = time.perf_counter() - began_s, time.perf_counter()
        for one in names:
            read_faces_csv(large)[one]
        rest_s = (time.perf_counter() - began_s) / len(names)
        print(f"faces.csv of {len(names)} subjects: {first_s:.2f} s once, then {1e6 * rest_s:.0f} us a subject")


def fastest(parts: dict[str, Callable[[], object]], repeats: int) -> tuple[dict[str, float], dict[str, float]]:
    """Wall and processor seconds of each part, taking turns, so that whatever else runs slows all of them."""
    wall_s, processor_s = dict.fromkeys(parts, np.inf), dict.fromkeys(parts, np.inf)
    for _ in range(repeats):
        for name, part in parts.items():
            wall, processor = time.perf_counter(), time.process_time()
            part()
            wall_s[name] = min(wall_s[name], time.perf_counter() - wall)
            processor_s[name] = min(processor_s[name], time.process_time() - processor)
    return wall_s, processor_s


def write_video(path: Path, frames: int) -> Path:
    """Moving stripes with noise, and noise to hear."""
    rng = np.random.default_rng(0)
    grain = rng.integers(0, 24, (HEIGHT, 2 * WIDTH, 3), np.uint8)
    stripes = (np.arange(2 * WIDTH) // 40 % 2 * 120).astype(np.uint8)[None, :, None] + grain
    sound = Sound(rng.normal(0, 0.1, 44_100 * frames // RATE_HZ).astype(np.float32), 44_100)
    options = {"preset": "veryfast", "crf": "28"}
    with open_mp4(path, width=WIDTH, height=HEIGHT, rate=Fraction(RATE_HZ), options=options, sound=sound) as writer:
        for k in range(frames):
            writer.add(stripes[:, 4 * k % WIDTH :][:, :WIDTH], k / RATE_HZ)
    return path


def into_avi(source: Path, target: Path) -> Path:
    """The same encoded pictures in an AVI, and the sound as it is decoded: AVI takes no AAC."""
    with av.open(str(source)) as mp4, av.open(str(target), "w") as out:
        pictures = out.add_stream_from_template(mp4.streams.video[0])
        heard = out.add_stream("pcm_s16le", rate=44_100, layout="mono")
        in_band = BitStreamFilterContext("h264_mp4toannexb", mp4.streams.video[0])  # AVI has no place for headers
        for packet in mp4.demux(mp4.streams.video[0]):
            for one in in_band.filter(packet if packet.size else None):
                one.stream = pictures
                out.mux(one)
        mp4.seek(0)
        resampler = av.AudioResampler("s16", "mono", 44_100)
        for frame in mp4.decode(mp4.streams.audio[0]):
            for sound in resampler.resample(frame):
                out.mux(heard.encode(sound))
        out.mux(heard.encode(None))
    return target


def write_faces(path: Path, subjects: list[str], frames: int) -> Path:
    """Places of every subject's face in every frame."""
    lines = [f"{one},{k},{300 + k % 40},360,220,0" for one in subjects for k in range(frames)]
    path.write_text("\n".join((",".join(COLUMNS), *lines, "")), encoding="utf-8")
    return path


if __name__ == "__main__":
    main()
