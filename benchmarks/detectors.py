"""The share of frames in which each face detector finds the face: python -m benchmarks.detectors

Frames of a corpus that knows where its faces are, apart by what is wrong with them, and some of them made
worse: tilted, shrunk, half hidden. A face is found where a detection lies within half its size. The processor time of a
picture stands below.
"""

from __future__ import annotations

import argparse
import time
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

import cv2
import numpy as np

from iaca.data.episodes import read_episodes
from iaca.data.faces.detectors import BUILT_IN, FaceDetector
from iaca.data.faces.places import FacesError, read_faces_csv
from iaca.data.media.video import iterate_frames, probe
from iaca.data.recordings import find_recordings
from iaca.resources import shipped

NEAR = 0.5
"""Share of the size of a face within which a detection is that face."""

TILTS_DEGREES = (30, 45, 60)
SMALL_PX = (24, 48)


def frames(root: Path, every: int) -> Iterator[tuple[str, np.ndarray, tuple[float, float, float]]]:
    """Kind of episode, picture, and centre and size of the face, of every so many frames."""
    file = root / "episodes.csv"
    episodes = [one for one in (read_episodes(file) if file.is_file() else ()) if one.modality == "visual"]
    for recording in find_recordings(root).recordings:
        if recording.video_file is None or recording.faces_file is None:
            continue
        faces = read_faces_csv(recording.faces_file)[recording.subject]
        places = {int(k): place for k, *place in zip(faces.frame, faces.x, faces.y, faces.size, strict=True)}
        pts_s = probe(recording.video_file).pts_s
        wanted = np.zeros(len(pts_s), bool)
        wanted[[k for k in places if k % every == 0 and k < len(pts_s)]] = True
        mine = [one for one in episodes if one.subject == recording.subject]
        for k, picture in iterate_frames(recording.video_file, wanted):
            kind = next((one.kind for one in mine if one.start_s <= pts_s[k] <= one.end_s), "nothing wrong")
            yield kind, picture, tuple(map(float, places[k]))


def made_worse(
    picture: np.ndarray, place: tuple[float, float, float]
) -> Iterator[tuple[str, np.ndarray, tuple[float, float, float]]]:
    """The picture with its face tilted, shrunk and half hidden, and where the face is then."""
    x, y, size = place
    height, width = picture.shape[:2]
    for degrees in TILTS_DEGREES:
        turn = cv2.getRotationMatrix2D((x, y), degrees, 1)
        yield (
            f"tilted by {degrees} degrees",
            cv2.warpAffine(picture, turn, (width, height), borderMode=cv2.BORDER_REPLICATE),
            place,
        )
    for side in SMALL_PX:
        scale = side / size
        small = cv2.resize(picture, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
        canvas = np.full_like(picture, 128)
        part = small[:height, :width]
        canvas[: part.shape[0], : part.shape[1]] = part
        yield f"{side} pixels wide", canvas, (x * scale, y * scale, float(side))
    hidden = picture.copy()
    left, right = (max(0, round(x + sign * size / 2)) for sign in (-1, 1))
    hidden[round(y + 0.1 * size) : round(y + size / 2), left:right] = 128
    yield "mouth and chin hidden", hidden, place


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--root", type=Path, default=shipped("demo"), help="corpus with videos and faces.csv.gz")
    parser.add_argument("--every", type=int, default=8, help="every so many frames (default: 8)")
    args = parser.parse_args()
    detectors: dict[str, FaceDetector] = {}
    for name, make in BUILT_IN.items():
        try:
            detectors[name] = make()
        except FacesError as error:
            print(f"{name} is left out: {error}")
    found: dict[str, dict[str, list[bool]]] = defaultdict(lambda: defaultdict(list))
    took_s = dict.fromkeys(detectors, 0.0)
    for number, (kind, picture, place) in enumerate(frames(args.root, args.every)):
        cases = [(kind, picture, place)]
        if kind == "nothing wrong" and number % 10 == 0:
            cases += made_worse(picture, place)
        for case, shown, (x, y, size) in cases:
            for name, detector in detectors.items():
                began_s = time.process_time()
                faces = detector.detect(shown)
                took_s[name] += time.process_time() - began_s
                found[case][name].append(any(np.hypot(one.x - x, one.y - y) < NEAR * size for one in faces))
    print(f"{'':26}{'frames':>8}" + "".join(f"{name:>18}" for name in detectors))
    for case, by_detector in found.items():
        count = len(next(iter(by_detector.values())))
        print(f"{case:26}{count:8}" + "".join(f"{np.mean(by_detector[name]):18.0%}" for name in detectors))
    searched = sum(len(next(iter(one.values()))) for one in found.values())
    print(f"{'ms of a picture':26}{searched:8}" + "".join(f"{1000 * took_s[n] / searched:18.1f}" for n in detectors))


if __name__ == "__main__":
    main()
