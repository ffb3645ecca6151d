"""Media that end the process that decodes them: one sentence wherever they are decoded, and all else goes on."""

from __future__ import annotations

import re
import sys
import time
from functools import partial

import numpy as np
import pytest

from dashboard.services import as_given, export_files, recordings
from iaca.compute import kept
from iaca.config import CorruptionConfig
from iaca.data.index_report import inspect_roots
from iaca.data.media.apart import apart
from iaca.data.media.container import MediaError
from iaca.data.media.sound_summary import sound_summary
from iaca.data.media.video import probe
from iaca.data.recordings import find_recordings
from iaca.features.extraction import extract
from iaca.features.noise_and_blur import corrupt, corrupt_apart
from iaca.features.vetting import vet
from iaca.features.work_sharing import length_s
from iaca.training.clip_cache import cached_clips
from tests.conftest import write_small_backbones
from tests.dashboard.timeline.drawing import SPEC, draw, shown_models, small_features, small_models
from tests.iaca.features.detectors import Nowhere
from tests.media_files import clicks, write_media

HOOK = '''
import os, signal, sys

def fall(event, args):
    """End the process, or take what it may not have, when it opens a video that is named for it."""
    if event == "open" and str(args[0]).endswith((".mp4", ".avi")):
        name = os.path.basename(str(args[0]))
        if name == "deadly.mp4":
            os.kill(os.getpid(), signal.SIGKILL)
        if name == "greedy.mp4":
            bytearray(2**35)

if sys.orig_argv[1:2] == ["-c"]:  # a process that decodes
    sys.addaudithook(fall)
'''
"""What Python imports first in each process: no real file is sure to end every version of ffmpeg."""

SENTENCE = {
    "deadly": r"deadly\.mp4 cannot be decoded: its process was ended by SIGKILL, as where memory runs out; expected",
    "greedy": r"greedy\.mp4 cannot be decoded: it needs more memory than it may take; expected a whole video",
}

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="the system limits no memory")


@pytest.fixture(scope="module")
def root(tmp_path_factory):
    """Three videos with faces, of which two end what decodes them."""
    root = tmp_path_factory.mktemp("deadly")
    (root / "hook").mkdir()
    (root / "hook" / "sitecustomize.py").write_text(HOOK)
    rows = ""
    for name in ("fine", *SENTENCE):
        write_media(root / "batch1" / f"{name}.mp4", np.arange(SPEC.frames) / 25, clicks(SPEC.frames / 25, (1.0, 4.2)))
        rows += "".join(f"{name},{k},47.5,47.5,96,0\n" for k in range(SPEC.frames))
    (root / "faces.csv").write_text("subject,frame,x,y,size,roll\n" + rows)
    return root


@pytest.fixture(autouse=True, scope="module")
def hooked(root):
    """Processes with the hook, and none without it."""
    kept.close()
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PYTHONPATH", str(root / "hook"), prepend=":")
        patch.setattr(recordings.routes, "register", str)
        patch.setattr(recordings.routes, "register_sound", lambda path, make: str(make()))
        yield
    kept.close()


@pytest.fixture(scope="module")
def backbones(root):
    (root / "backbones").mkdir()
    return write_small_backbones(root / "backbones")


@pytest.fixture(scope="module")
def take(tmp_path_factory):
    features, models = small_features(), small_models(tmp_path_factory.mktemp("models"))
    figure, shown = draw(features, models, None), shown_models(features, models, None)
    return export_files.Take(
        SPEC.name, True, figure, shown, shown[0].trace.frames, None, "valence", "contribution", True, None, (0, 40)
    )


def film(take, cache, video):
    job = export_files.begin_film(take._replace(video=video, sounds=cache / "sounds"), cache, export_files.MP4)
    while not job.ended:
        time.sleep(0.02)
    if job.error:
        raise MediaError(job.error)
    return job.result.read_bytes()


def subject_of(video):
    return find_recordings(video.parents[1]).find(video.stem)


NOISE, BLUR = CorruptionConfig(kind="white", strength=10), CorruptionConfig(kind="blur", strength=3)

PLACES = {
    "a first look": lambda video, cache: vet(video, Nowhere()),
    "the page": lambda video, cache: recordings.video(video, cache),
    "its sound": lambda video, cache: sound_summary(video, cache),
    "its sound with noise": lambda video, cache: as_given._make(video, NOISE, cache / "noisy.wav"),
    "training": lambda video, cache: cached_clips(
        find_recordings(video.parents[1]).find(video.stem), "audio", 8, cache
    ),
}


@pytest.mark.parametrize("place", PLACES)
def test_a_video_that_ends_its_decoder_is_one_sentence_and_the_next_is_read(root, tmp_path, place):
    for ending, sentence in SENTENCE.items():
        with pytest.raises(MediaError, match=sentence):
            PLACES[place](root / "batch1" / f"{ending}.mp4", tmp_path)
    assert not list(tmp_path.glob("**/.*"))
    assert PLACES[place](root / "batch1" / "fine.mp4", tmp_path)


def test_a_film_of_a_video_that_ends_its_decoder_is_one_sentence(root, tmp_path, take):
    for ending, sentence in SENTENCE.items():
        with pytest.raises(MediaError, match=sentence):
            film(take, tmp_path, root / "batch1" / f"{ending}.mp4")
    assert not list(tmp_path.glob("**/*.mp4"))
    assert film(take, tmp_path, root / "batch1" / "fine.mp4")


@pytest.mark.parametrize("config", [NOISE, BLUR], ids=["noise", "blur"])
def test_corrupted_features_are_made_apart_and_are_those_made_here(root, backbones, config):
    index = find_recordings(root)
    recording, visual, audio = index.find("fine"), *backbones
    features = extract(recording, visual, audio, clip_stride=8)
    backbone = audio if config is NOISE else visual
    told = []
    made = partial(corrupt_apart, features, backbone=backbone.path, device="cpu", config=config)
    with pytest.raises(MediaError, match=SENTENCE["deadly"]):
        made(recording=index.find("deadly"))
    found = made(recording=recording, progress=lambda done, total, title="": told.append((done, total)))
    np.testing.assert_array_equal(found, corrupt(features, recording, backbone, config))
    assert told == sorted(told)
    assert told[-1][1] == len(features.frame)


def test_the_index_names_each_of_them_once_and_reads_all_others(root, tmp_path):
    report = inspect_roots([root], cache_file=tmp_path / "facts.json", progress=False)
    assert {one.subject: one.variable_frame_rate for one in report.subjects} == {
        "fine": False, "deadly": None, "greedy": None,
    }  # fmt: skip
    for ending, sentence in SENTENCE.items():
        (problem,) = [one for one in report.problems if one.file.endswith(f"{ending}.mp4")]
        assert re.search(sentence, problem.reason)
    assert "deadly.mp4" not in (tmp_path / "facts.json").read_text()  # it may be the machine, and not the file
    assert [length_s(find_recordings(root).find(name)) > 0 for name in ("fine", *SENTENCE)] == [True, False, False]


def test_what_is_read_apart_is_what_is_read_here(root):
    video = root / "batch1" / "fine.mp4"
    there, here = apart(video, probe, video), probe(video)
    np.testing.assert_array_equal(there.pts_s, here.pts_s)
    assert there._replace(pts_s=None) == here._replace(pts_s=None)
