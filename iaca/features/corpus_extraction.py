"""From many recordings to one feature file each; what goes wrong with one never stops the others."""

from __future__ import annotations

import os
from collections.abc import Collection, Iterable, Sequence
from contextlib import suppress
from functools import lru_cache
from pathlib import Path
from typing import NamedTuple

import torch
from tqdm import tqdm

from iaca.checkpoints import BackboneFile
from iaca.checkpoints.pretrained import BackboneSource, open_source, source_of
from iaca.compute.devices import device_of
from iaca.compute.engine import HERE, Engine, check_engine
from iaca.compute.gpu_sharing import alone, processes_for, take_share
from iaca.compute.lanes import Failure, Limits
from iaca.compute.processes import run_all
from iaca.compute.ray_worker import NotSeenError
from iaca.config import ConfigError
from iaca.config.checks import check_clip_stride
from iaca.data.annotations import AnnotationError
from iaca.data.faces.crops import CropError
from iaca.data.faces.detection import NoFaceError, has_known_faces, known_turn, with_found_faces
from iaca.data.faces.detectors import FaceDetector
from iaca.data.faces.places import FacesError, read_faces_csv
from iaca.data.media.apart import MAKING_BYTES
from iaca.data.media.container import MediaError
from iaca.data.problems import Problem, printable
from iaca.data.timeline import labels_on_frames, read_timeline
from iaca.features import face_yield
from iaca.features.current_files import NO_FRAMES, is_current
from iaca.features.extraction import FOUND_BY, extract
from iaca.features.feature_files import FeatureError, write_features
from iaca.features.remarks import warnings_about
from iaca.features.work_sharing import absolute, cut_by_length, files_of, length_s
from iaca.files import check_writable, is_plain_name
from iaca.types import Progress, Recording

RECORDING_ERRORS = (MediaError, AnnotationError, CropError, FacesError, FeatureError, OSError)
"""Errors that one recording is expected to raise; all others are unforeseen."""

_ENDED = "Convert the video with ffmpeg, or extract it where there is more memory."


class ExtractionSummary(NamedTuple):
    """What `extract_all` did.

    Attributes:
        written: New files.
        skipped: Files that were current: of the same video and labels, by the same backbones, at the same stride.
        problems: Recordings that failed, each with reason and remedy.
        warnings: Recordings that were written although few of their frames have a face, or not as the others, likewise.
    """

    written: tuple[Path, ...]
    skipped: tuple[Path, ...]
    problems: tuple[Problem, ...]
    warnings: tuple[Problem, ...] = ()


def extract_all(
    recordings: Iterable[Recording],
    out_dir: str | os.PathLike[str],
    visual: BackboneFile,
    audio: BackboneFile,
    *,
    clip_stride: int,
    subjects: Collection[str] | None = None,
    shard: tuple[int, int] = (0, 1),
    detector: FaceDetector | None = None,
    quiet: bool = False,
    apart: bool = False,
    devices: Sequence[torch.device] = (),
    engine: Engine = HERE,
) -> ExtractionSummary:
    """Extract many subjects, one file each. May be stopped at any time and run again: finished files are kept.

    Args:
        recordings: All subjects, including those not to be extracted: they tell apart the people of one video.
        out_dir: Folder for `<subject>.safetensors`.
        visual: Backbone for pictures; each backbone runs on the device that it is on.
        audio: Backbone for sound.
        clip_stride: Frames between the ends of neighbouring clips.
        subjects: Names of the subjects to extract; None: all.
        shard: (i, n): part i of n, counted from 0. The parts take about as long as each other, and every run with the
            same videos cuts the same, so that n runs share the work without touching the same file.
        detector: Finds the faces of subjects that come without; its findings are kept in `out_dir`/faces. None: such
            subjects are problems.
        quiet: Whether to show no progress on stderr.
        apart: Whether to work in processes of their own, so that a video that ends one, twice, costs its subject alone.
        devices: GPUs that these share, that of the backbones first; empty: the device of the backbones alone.
        engine: What they run on; unless it says how many work side by side, as many as suit the devices.

    Returns:
        What was written, what was current, and what failed.

    Raises:
        ConfigError: The stride or the shard is out of range.
        OutputError: `out_dir` cannot be written to; nothing has been computed yet.
        EngineError: Ray is not installed, or there is no such cluster.
    """
    check_clip_stride(clip_stride)
    check_engine(engine)
    number, shards = shard
    if not 0 <= number < shards:
        raise ConfigError(f"shard is {number} of {shards}; expected a number from 0 to {shards - 1}")
    out_dir = Path(out_dir)
    check_writable(out_dir, "feature files")
    # Sorted, so that every run of a job array sees the same order.
    everyone = sorted(recordings, key=lambda recording: recording.subject)
    if engine.is_ray:  # its workers have working directories of their own
        out_dir, everyone = out_dir.absolute(), [absolute(recording) for recording in everyone]
    asked = [one for one in everyone if subjects is None or one.subject in subjects]
    mine = cut_by_length(asked, shards)[number]
    written, problems = [], []
    warnings: list[Problem] = []
    skipped: list[Recording] = []
    waiting: list[Recording] = []
    for recording in mine:
        is_done = False
        with suppress(*RECORDING_ERRORS):  # told when its turn has come
            is_done = is_plain_name(recording.subject) and is_current(
                feature_file(out_dir, recording), recording, visual, audio, clip_stride, detector
            )
        (skipped if is_done else waiting).append(recording)
    devices = devices or (device_of(visual.model),)
    processes = min(engine.workers or processes_for(devices), max(1, len(waiting))) if apart else 0
    several = engine.is_ray or processes > 1
    with (
        tqdm(
            total=len(mine), initial=len(skipped), unit="subject", desc="extract", disable=quiet, dynamic_ncols=True
        ) as overall,
        tqdm(unit="clip", disable=quiet or several, dynamic_ncols=True, leave=False, position=1) as clips,
    ):

        def advance(recording: Recording, done: int, total: int, title: str = "") -> None:
            if done < clips.n or not total:
                clips.reset()
                clips.set_description(printable(recording.subject))
            clips.total = total  # known once the subject has been opened; from then on the bar shows the time left
            clips.update(done - clips.n)
            if clips.n >= total:
                clips.refresh()  # the bar would skip the last step of a short subject as too soon

        travels = engine.is_ray or processes > 0
        eyes, ears = (source_of(one) if travels else one for one in (visual, audio))
        variables = alone(devices) if len(devices) > 1 else []
        place = engine.device("cuda:0" if variables else str(devices[0]))
        on_one = -(-processes // len(devices))
        share = min(1.0, engine.gpus_per_worker or 1.0) if engine.is_ray else 1 / max(1, on_one)
        task = _Extraction(out_dir, eyes, ears, place, share, clip_stride, detector, everyone)
        if several:
            waiting.sort(key=length_s, reverse=True)
        ended = run_all(
            _extract_one,
            task,
            waiting,
            processes=processes,
            engine=engine,
            threads=torch.get_num_threads(),
            limits=Limits(MAKING_BYTES if place == "cpu" else None),  # libraries for GPUs take memory as they like
            needed=lambda recording: files_of(recording, out_dir),
            variables=variables,
            bar=overall,
            on_progress=advance,
        )
        for recording, outcome in ended:
            if isinstance(outcome, Failure):
                if isinstance(outcome.error, ConfigError):
                    raise outcome.error  # the same for all subjects
                reason = outcome.reason[:1].upper() + outcome.reason[1:]
                remedy = _ENDED if outcome.error is None else _remedy(outcome.error, detector)
                problems.append(Problem(recording.subject, f"{reason}.", remedy))
            elif outcome.problem is not None:
                problems.append(outcome.problem)
            else:
                written.append(feature_file(out_dir, recording))
                warnings.extend(outcome.warnings)
            overall.set_postfix(written=len(written), skipped=len(skipped), failed=len(problems))
    there = tuple(feature_file(out_dir, recording) for recording in skipped)
    by_name = (sorted(found, key=lambda problem: problem.file) for found in (problems, warnings))
    return ExtractionSummary(tuple(sorted(written)), there, *map(tuple, by_name))


def feature_file(folder: Path, recording: Recording) -> Path:
    """Where the features of a subject lie."""
    return folder / f"{recording.subject}.safetensors"


class _Extraction(NamedTuple):
    """What the extraction of all subjects shares."""

    out_dir: Path
    visual: BackboneFile | BackboneSource
    audio: BackboneFile | BackboneSource
    device: str
    share_of_gpu: float
    clip_stride: int
    detector: FaceDetector | None
    everyone: Sequence[Recording]


class _Outcome(NamedTuple):
    """What became of a subject: features, unless there is a problem."""

    problem: Problem | None = None
    warnings: tuple[Problem, ...] = ()


@lru_cache(2)
def _opened(source: BackboneSource, device: str, share_of_gpu: float) -> BackboneFile:
    """A backbone as it was sent to this process: read once for all subjects."""
    take_share(torch.device(device), share_of_gpu)
    return open_source(source, device)


def _extract_one(task: _Extraction, recording: Recording, progress: Progress) -> _Outcome:
    detector = task.detector
    try:
        if not is_plain_name(recording.subject):
            raise FeatureError(f"{recording.subject!r} has parts of a path or control characters in its name")
        if recording.label_file is not None:  # damaged ones are told before the long work
            labels_on_frames(recording, NO_FRAMES) if recording.label_form is None else read_timeline(recording)
        progress(0, 0)
        found_by = None
        if detector is not None and not has_known_faces(recording):
            recording = with_found_faces(recording, task.everyone, detector, task.out_dir / "faces")
            found_by = detector.name
        visual, audio = (
            _opened(one, task.device, task.share_of_gpu) if isinstance(one, BackboneSource) else one
            for one in (task.visual, task.audio)
        )
        features = extract(recording, visual, audio, clip_stride=task.clip_stride, progress=progress)
        if detector is not None and found_by is not None:
            features = features._replace(problems=(f"{FOUND_BY}{found_by}", *features.problems))
            features = face_yield.with_turn(features, known_turn(recording, detector, task.out_dir / "faces"))
        write_features(feature_file(task.out_dir, recording), features)
    except ConfigError:
        raise
    except Exception as error:
        return _Outcome(Problem(recording.subject, _reason(error), _remedy(error, detector)))
    return _Outcome(warnings=warnings_about(features))


def single_recording(
    video: str | os.PathLike[str],
    labels: str | os.PathLike[str] | None = None,
    faces: str | os.PathLike[str] | None = None,
) -> Recording:
    """Make a recording of one video of any format, outside any data tree.

    Args:
        video: The video; its stem names the subject.
        labels: Label file, or None.
        faces: A faces.csv with the places of the subject's face, or None where they are yet to be found.

    Returns:
        The recording, without a split.

    Raises:
        MediaError: The video does not exist.
        AnnotationError: The label file does not exist.
        FacesError: The faces.csv cannot be read, or does not have the subject.
    """
    video, labels = Path(video), None if labels is None else Path(labels)
    if not video.is_file():
        raise MediaError(f"{video} does not exist; expected a video")
    if labels is not None and not labels.is_file():
        raise AnnotationError(f"{labels} does not exist; expected a label file")
    if faces is not None and video.stem not in (known := read_faces_csv(faces)):
        raise FacesError(f"{faces} has {', '.join(known) or 'nobody'}; expected the subject {video.stem}")
    return Recording(video.stem, video.stem, None, video, labels, faces_file=None if faces is None else Path(faces))


def _reason(error: Exception) -> str:
    text = " ".join(str(error).split()).rstrip(".")
    return f"{text}." if isinstance(error, RECORDING_ERRORS) else f"{type(error).__name__}: {text}."


def _remedy(error: Exception, detector: FaceDetector | None) -> str:
    if isinstance(error, NotSeenError):
        return "Put data and features where every machine of the cluster sees them, under the same path."
    if not isinstance(error, RECORDING_ERRORS):
        return "This is unforeseen: try the subject alone. If its files are intact, report it to the authors of iaca."
    if isinstance(error, MediaError):
        return "Download the video again, or convert it with ffmpeg."
    if isinstance(error, NoFaceError):
        needs = "" if detector is None else face_yield.NEEDS.get(detector.name, "")
        return f"The detector needs {needs}. {face_yield.REMEDIES}" if needs else face_yield.REMEDIES
    if isinstance(error, CropError | FacesError):
        return "Add the folder of crops to the data roots, or let a detector find the faces."
    if isinstance(error, AnnotationError):
        return "Repair the label file."
    if isinstance(error, FeatureError):
        return "Rename the subject's files, or repair what is named."
    return "Check free space and permissions."
