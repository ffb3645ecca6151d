"""python -m iaca extract: recordings -> one feature file per subject."""

from __future__ import annotations

import argparse
import re
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from iaca.commands import CommandError, add_device, add_engine, add_log, add_roots, engine_of, given_roots
from iaca.commands.refusals import as_path
from iaca.files import check_writable

if TYPE_CHECKING:
    from iaca.data.faces.detectors import FaceDetector
    from iaca.types import Recording


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    add_roots(parser)
    parser.add_argument("--video", type=as_path, metavar="FILE", help="one video of any format, instead of roots")
    parser.add_argument("--labels", type=as_path, metavar="FILE", help="label file of --video")
    parser.add_argument(
        "--faces", type=as_path, metavar="FILE", help="faces.csv of --video: subject, frame, x, y, size, roll"
    )
    parser.add_argument(
        "--list-people",
        action="store_true",
        help="print who is seen in --video, write a picture of each below --out, and extract nothing",
    )
    parser.add_argument(
        "--person",
        type=int,
        action="append",
        default=[],
        metavar="N",
        help="who of --list-people is meant in --video (default: the last choice, else 1, who is seen most); "
        "repeat it for one person whom cuts have split",
    )
    parser.add_argument(
        "--video-track", type=int, metavar="N", help="which of several video tracks of --video (default: the default)"
    )
    parser.add_argument("--sound-track", type=int, metavar="N", help="which of its sound tracks, likewise")
    parser.add_argument("--out", type=as_path, required=True, metavar="DIR", help="folder for <subject>.safetensors")
    parser.add_argument("--visual", default="slim", metavar="NAME|FILE", help="slim, r3d_18, r2plus1d_18 or a file")
    parser.add_argument("--audio", default="slim", metavar="NAME|FILE", help="slim, resnet18 or a file")
    parser.add_argument(
        "--clip-stride", type=int, metavar="N", help="frames between clips (default: 1 on a GPU, 8 on a CPU)"
    )
    parser.add_argument("--subject", action="append", default=[], metavar="NAME", help="only this one; repeatable")
    parser.add_argument("--shard", default="0/1", metavar="I/N", help="part I of N as long as each other, from 0")
    parser.add_argument("--untrained", action="store_true", help="allow random weights where none are at hand")
    parser.add_argument("--yunet", type=as_path, metavar="FILE", help="file of the face detector YuNet")
    parser.add_argument(
        "--detector",
        metavar="NAME",
        help="face detector: libfacedetection, haar, or one that a package brings (default: IACA_DETECTOR, IACA_YUNET, "
        "else the first of these that is there)",
    )
    parser.add_argument("--strict", action="store_true", help="exit with status 1 when any subject failed")
    add_engine(parser, "subjects")
    add_device(parser)
    add_log(parser)


def run(args: argparse.Namespace) -> int:
    """Extract.

    Returns:
        0, or 1 where no subject has features in the end, or one failed with --strict.
    """
    from iaca.checkpoints.pretrained import find_backbone
    from iaca.compute.devices import choose_devices
    from iaca.config.checks import check_clip_stride
    from iaca.data.faces.detectors import choose_detector
    from iaca.data.recordings import find_recordings
    from iaca.features.choosing import about_others, choose_person, choose_tracks
    from iaca.features.corpus_extraction import extract_all, single_recording

    if bool(args.roots or args.manifest) == bool(args.video):
        raise CommandError("expected either ROOT... or --manifest CSV, or --video FILE")
    if args.labels and not args.video:
        raise CommandError("--labels is given without --video; labels of ROOT... are found by name")
    if args.faces and not args.video:
        raise CommandError("--faces is given without --video; faces.csv of ROOT... is found by name")
    if (args.person or args.list_people) and (not args.video or args.faces):
        option = "--person" if args.person else "--list-people"
        raise CommandError(
            f"{option} is given; expected it with --video FILE and without --faces, which says who is meant"
        )
    if (args.video_track is not None or args.sound_track is not None) and not args.video:
        raise CommandError("--video-track or --sound-track is given; expected it with --video FILE")
    if args.subject and args.video:
        raise CommandError("--subject is given with --video; expected it with ROOT..., which hold several")
    if args.yunet and args.detector:
        raise CommandError("--yunet and --detector are given; expected one of them")
    shard = parse_shard(args.shard)
    engine = engine_of(args)
    devices = choose_devices("cpu" if engine.is_ray else args.device)
    device = devices[0]
    on_gpu = engine.device(str(device)) != "cpu"
    clip_stride = args.clip_stride if args.clip_stride is not None else 1 if on_gpu else 8
    check_clip_stride(clip_stride)
    recordings = [single_recording(args.video, args.labels, args.faces)] if args.video else []
    roots = given_roots(args)
    check_writable(args.out, "feature files")
    detector = choose_detector(args.yunet, args.detector)
    if args.video_track is not None or args.sound_track is not None:
        recordings = [choose_tracks(recordings[0], args.out, args.video_track, args.sound_track)]
        if recordings[0].video_file != args.video:
            print(f"{recordings[0].video_file} has these tracks alone: show it beside the features", file=sys.stderr)
    if args.list_people:
        return _list_people(recordings[0], detector, args.out)
    if args.person:
        choose_person(recordings[0], detector, args.out, args.person)
    visual = find_backbone(args.visual, "visual", device, untrained=args.untrained)
    audio = find_backbone(args.audio, "audio", device, untrained=args.untrained)
    problems, subjects = [], None
    if not args.video:
        index = find_recordings(roots)
        recordings, problems = list(index.recordings), list(index.problems)
        if args.subject:
            subjects = {index.find(name).subject for name in args.subject}
    summary = extract_all(
        recordings,
        args.out,
        visual,
        audio,
        clip_stride=clip_stride,
        subjects=subjects,
        shard=shard,
        detector=detector,
        apart=True,
        devices=devices,
        engine=engine,
    )
    for problem in [*problems, *summary.problems, *summary.warnings]:
        print(problem.line, file=sys.stderr)
    if args.video and not args.faces and not args.person and (said := about_others(recordings[0], detector, args.out)):
        print(said, file=sys.stderr)
    print(
        f"{args.out}: {len(summary.written)} subjects written, {len(summary.skipped)} were there, "
        f"{len(summary.problems)} failed"
    )
    nothing = not (summary.written or summary.skipped) and bool(summary.problems or not recordings)
    return 1 if nothing or (args.strict and summary.problems) else 0


def _list_people(recording: Recording, detector: FaceDetector, out: Path) -> int:
    """Print who is seen in a video.

    Returns:
        0, or 1 where nobody is.
    """
    from iaca.data.faces.detection import known_turn
    from iaca.features.choosing import list_people

    people, folder = list_people(recording, detector, out)
    if not people:
        turn = known_turn(recording, detector, out / "faces")
        why = f": {turn.sentence}" if turn else ""
        print(f"{recording.video_file}: {detector.name} found no face{why}", file=sys.stderr)
        return 1
    for one in people:
        print(f"{one.number}  {one.facts}  {folder / f'{one.number}.jpg'}")
    return 0


def parse_shard(text: str) -> tuple[int, int]:
    """I/N, counted from 0.

    Raises:
        CommandError: Anything else.
    """
    match = re.fullmatch(r"(\d+)/(\d+)", text)
    if not match or int(match[1]) >= int(match[2]):
        raise CommandError(f"--shard is {text!r}; expected I/N with I from 0 to N - 1, such as 0/8")
    return int(match[1]), int(match[2])
