"""Videos as newcomers bring them: a drawn face on pictures that carry their number, encoded as devices do."""

from __future__ import annotations

import subprocess
from itertools import islice
from pathlib import Path

import av
import numpy as np

from iaca.resources import shipped

SIZE, BITS, FRAMES = 320, 10, 30
SOURCE = shipped("demo") / "batch1/strong-01.mp4"
H264, HEVC = ("-c:v", "libx264", "-pix_fmt", "yuv420p"), ("-c:v", "libx265", "-x265-params", "log-level=error")
FORMS = {
    "phone.mov": (
        "-vf", "scale=180:320,transpose=2,setpts=PTS+if(mod(N\\,3)\\,0.012/TB\\,0)", "-fps_mode", "vfr",
        "-enc_time_base", "1/90000", *HEVC, "-tag:v", "hvc1", "-c:a", "aac",
    ),
    "webcam.webm": ("-c:v", "libvpx", "-b:v", "1M", "-deadline", "realtime", "-c:a", "libopus", "-live", "1"),
    "tv.mpg": (
        "-vf", "pad=569:320:124:0,scale=720:576,setsar=64/45,fps=50,interlace", "-c:v", "mpeg2video", "-q:v", "4",
        "-flags", "+ilme+ildct", "-top", "1", "-c:a", "mp2",
    ),
    "fragments.mp4": (*H264, "-c:a", "aac", "-movflags", "frag_keyframe+empty_moov+default_base_moof"),
}  # fmt: skip
"""How ffmpeg makes each."""


def write_newcomer(folder: Path, name: str) -> Path:
    """Make one of `FORMS`."""
    base = folder / "base.mkv"
    with av.open(str(SOURCE)) as source, av.open(str(base), "w") as out:
        stream = out.add_stream("libx264", rate=25, options={"crf": "1", "preset": "ultrafast"})
        stream.width, stream.height, stream.pix_fmt = SIZE, SIZE, "yuv420p"
        for k, frame in enumerate(islice(source.decode(video=0), FRAMES)):
            picture = frame.to_ndarray(format="rgb24").copy()
            for bit in range(BITS):
                side = SIZE // BITS
                picture[:24, bit * side : (bit + 1) * side] = 235 if k >> bit & 1 else 16
            out.mux(stream.encode(av.VideoFrame.from_ndarray(picture, format="rgb24")))
        out.mux(stream.encode(None))
    path = folder / name
    made = folder / f"unturned{path.suffix}" if name == "phone.mov" else path
    inputs = ["-i", str(base), "-i", str(SOURCE), "-map", "0:v", "-map", "1:a", "-t", str(FRAMES / 25)]
    ffmpeg = ["ffmpeg", "-v", "error", "-y"]
    subprocess.run([*ffmpeg, *inputs, *FORMS[name], str(made)], check=True)
    if made != path:
        turn = ["-c", "copy", "-metadata:s:v:0", "rotate=270"]
        subprocess.run([*ffmpeg, "-i", str(made), *turn, str(path)], check=True)
    return path


def code_of(name: str, picture: np.ndarray) -> int:
    """The number that a picture of such a video carries; a wrong one where it is not upright or in its shape."""
    height, width = picture.shape[:2]
    left, part = (124 / 569, 320 / 569) if name == "tv.mpg" else (0, 1)
    xs = [int(width * (left + (bit + 0.5) / BITS * part)) for bit in range(BITS)]
    return sum(1 << bit for bit, x in enumerate(xs) if picture[height * 12 // SIZE, x].mean() > 128)
