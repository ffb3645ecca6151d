"""One video that somebody brings: what is foreseen of it, and its features."""

from __future__ import annotations

import subprocess

import av
import numpy as np
import pytest

from iaca.checkpoints.pretrained import find_backbone
from iaca.data.annotations import write_labels
from iaca.data.faces.crops import CropError
from iaca.data.faces.detectors import HaarDetector
from iaca.data.faces.places import read_faces_csv
from iaca.data.media.browser_copy import browser_copy
from iaca.data.media.container import MediaError
from iaca.data.media.video import iterate_frames
from iaca.features.corpus_extraction import single_recording
from iaca.features.face_yield import sentence
from iaca.features.feature_files import read_features
from iaca.features.own_video import PARTS, Apart, extract_apart, extract_own, look_at, read_choice
from tests.iaca.data.faces.test_detection import drawn_head
from tests.iaca.data.faces.test_tracks import CYAN, NIGHT, YELLOW, BrightSquares, film
from tests.iaca.features.detectors import Deadly, Endless, Everywhere, Nowhere
from tests.iaca.features.newcomers import FRAMES, code_of, write_newcomer
from tests.media_files import clicks, write_media


@pytest.fixture(scope="module")
def backbones():
    return tuple(find_backbone("slim", modality) for modality in ("visual", "audio"))


def test_the_first_frames_alone_are_taken_with_their_labels_and_progress_only_rises(tmp_path, backbones):
    video = write_media(tmp_path / "a.mp4", np.arange(60) / 25)
    truth = np.linspace(-1, 1, 60, dtype=np.float32)
    write_labels(tmp_path / "a.txt", truth, -truth)
    outlook = look_at(video, *backbones, Everywhere())
    told = []
    for recording in (single_recording(video), single_recording(video, tmp_path / "a.txt")):
        features = extract_own(
            recording, tmp_path, *backbones, Everywhere(), outlook, clip_stride=16, frames=40,
            progress=lambda done, total, title: told.append((done, total)),
        )  # fmt: skip
        assert len(features.pts_s) == 40
        assert features.has_face.all()
        assert not features.has_audio.any()
        assert told[0] == (0, PARTS)
        assert told == sorted(told)
        assert told[-1] == (PARTS, PARTS)
        told.clear()
    assert features.valence == pytest.approx(truth[:40], abs=1e-3)


def test_features_are_of_the_person_who_is_chosen_and_it_is_said(tmp_path, backbones):
    video = film(tmp_path / "v.mp4", [(24, NIGHT, [(80, 90, 60, YELLOW), (240, 90, 40, CYAN)])])
    outlook = look_at(video, *backbones, BrightSquares())
    assert read_choice(tmp_path) == (1,)
    made = {}
    for people, x in (((2,), 240), ((1,), 80)):
        made[people] = extract_own(
            single_recording(video), tmp_path, *backbones, BrightSquares(), outlook, clip_stride=16, people=people
        )
        assert np.median(read_faces_csv(tmp_path / "faces.csv")["v"].x) == pytest.approx(x, abs=2)
        assert read_choice(tmp_path) == people
    assert "2 people were found; the features are of number 2, as chosen" in made[2,].problems
    assert "2 people were found; the features are of number 1, who is seen most" in made[1,].problems
    assert not np.allclose(made[2,].visual, made[1,].visual)


def test_fewer_clips_and_fewer_frames_are_foreseen_to_take_less(tmp_path, backbones):
    outlook = look_at(write_media(tmp_path / "a.mp4", np.arange(200) / 25), *backbones, Nowhere())
    assert outlook.frames == 200
    assert sum(outlook.seconds(32)) < sum(outlook.seconds(4))
    assert sum(outlook.seconds(8, 100)) == pytest.approx(sum(outlook.seconds(8)) / 2, rel=0.05)
    assert outlook.seconds(8)[2] == 0  # browsers play it
    assert sum(outlook.seconds(8, 10_000)) == sum(outlook.seconds(8))


def test_no_face_no_bytes_and_no_video_are_told_apart(tmp_path, backbones):
    video = write_media(tmp_path / "a.mp4", np.arange(10) / 25)
    outlook = look_at(video, *backbones, Nowhere())
    with pytest.raises(CropError, match=r"nowhere found no face in .*a\.mp4"):
        extract_own(single_recording(video), tmp_path, *backbones, Nowhere(), outlook, clip_stride=8)
    assert not (tmp_path / "faces.csv").exists()
    (tmp_path / "empty.mp4").touch()
    with pytest.raises(MediaError, match=r"empty\.mp4 is empty \(0 bytes\)"):
        look_at(tmp_path / "empty.mp4", *backbones, Nowhere())
    (tmp_path / "text.mp4").write_text("hello")
    with pytest.raises(MediaError, match=r"text\.mp4 cannot be decoded"):
        look_at(tmp_path / "text.mp4", *backbones, Nowhere())


def test_a_picture_that_lies_on_its_side_is_named_where_no_face_or_few_are_found(tmp_path, backbones):
    head, sideways = drawn_head(240), np.rot90(drawn_head(240))
    for name, upright in (("none.mp4", 0), ("few.mp4", 12)):
        video = tmp_path / name
        film_of([head] * upright + [sideways] * 28, video)
        outlook = look_at(video, *backbones, HaarDetector())

        def features(video=video, outlook=outlook):
            folder = tmp_path / video.stem
            return extract_own(single_recording(video), folder, *backbones, HaarDetector(), outlook, clip_stride=32)

        told = "turned by 90 degrees clockwise: the head is tilted, or the picture lies wrongly"
        if upright:
            assert told in sentence(features())
        else:
            with pytest.raises(CropError, match=rf"haar found no face in .*none\.mp4: in 4 of 4 frames .*{told}"):
                features()


def film_of(pictures, path):
    with av.open(str(path), "w") as out:
        stream = out.add_stream("libx264", rate=25)
        stream.height, stream.width = pictures[0].shape[:2]
        stream.pix_fmt = "yuv420p"
        for picture in pictures:
            out.mux(stream.encode(av.VideoFrame.from_ndarray(np.ascontiguousarray(picture), format="rgb24")))
        out.mux(stream.encode(None))


def test_pictures_that_the_file_turns_are_seen_upright_and_told(tmp_path, backbones):
    video = write_media(tmp_path / "a.mp4", np.arange(10) / 25, size=96)
    turned = tmp_path / "turned.mp4"
    command = ["ffmpeg", "-v", "error", "-i", str(video), "-c", "copy", "-metadata:s:v:0", "rotate=90", str(turned)]
    subprocess.run(command, check=True)
    assert abs(look_at(turned, *backbones, Nowhere()).info.rotation_degrees) == 90
    assert look_at(video, *backbones, Nowhere()).info.rotation_degrees == 0


def job_of(video, backbones, outlook, folder):
    visual, audio = (backbone.path for backbone in backbones)
    recording = single_recording(video)
    return Apart(
        recording, folder, visual, audio, "cpu", outlook, 16, None, folder / "a.safetensors", folder / "copies"
    )


@pytest.mark.slow
def test_features_made_apart_are_those_made_here_and_the_copy_for_the_browser_is_made(tmp_path, backbones):
    video = write_media(tmp_path / "a.mkv", np.arange(60) / 25, clicks(2.4, (1.0,)))
    outlook = look_at(video, *backbones, Everywhere())
    told = []
    extract_apart(
        job_of(video, backbones, outlook, tmp_path), Everywhere(),
        progress=lambda done, total, title="": told.append((done, title)),
    )  # fmt: skip
    apart = read_features(tmp_path / "a.safetensors")
    here = extract_own(single_recording(video), tmp_path, *backbones, Everywhere(), outlook, clip_stride=16)
    assert apart.visual == pytest.approx(here.visual, abs=2e-2)
    assert apart.audio == pytest.approx(here.audio, abs=2e-2)
    assert len(list((tmp_path / "copies").glob("a.*.mp4"))) == 1
    assert [done for done, _ in told] == sorted(done for done, _ in told)
    assert {title for _, title in told if title} == {
        "Looking for the face", "The backbones look and listen", "Copying it for the browser", "Writing the features",
    }  # fmt: skip


def test_a_video_that_ends_its_extraction_is_one_sentence_and_leaves_no_features(tmp_path, backbones):
    video = write_media(tmp_path / "a.mp4", np.arange(10) / 25)
    outlook = look_at(video, *backbones, Nowhere())
    with pytest.raises(MediaError, match=r"a\.mp4 cannot be decoded: its process was ended by SIGSEGV; expected"):
        extract_apart(job_of(video, backbones, outlook, tmp_path), Deadly())
    assert not (tmp_path / "a.safetensors").exists()


def test_an_extraction_that_reports_nothing_can_be_stopped(tmp_path, backbones):
    class Stop(Exception):
        pass

    def stop_at_the_third(*_):
        told.append(0)
        if len(told) == 3:
            raise Stop

    video, told = write_media(tmp_path / "a.mp4", np.arange(10) / 25), []
    outlook = look_at(video, *backbones, Nowhere())
    with pytest.raises(Stop):
        extract_apart(job_of(video, backbones, outlook, tmp_path), Endless(), progress=stop_at_the_third)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "size", "turn", "plays", "said"),
    [
        ("phone.mov", (180, 320), -90, False, ()),
        ("webcam.webm", (320, 320), 0, True, ("does not say how long it is",)),
        ("tv.mpg", (1024, 576), 0, False, ("is interlaced",)),
        ("fragments.mp4", (320, 320), 0, True, ()),
    ],
)
def test_what_a_newcomer_brings_is_upright_in_its_shape_with_every_frame_a_face_and_sound(
    tmp_path, backbones, name, size, turn, plays, said
):
    video = write_newcomer(tmp_path, name)
    outlook = look_at(video, *backbones, Everywhere())
    info = outlook.info
    assert ((info.width, info.height), info.rotation_degrees) == (size, turn)
    assert (info.variable_frame_rate, info.browser_playable) == (name == "phone.mov", plays)
    assert len(info.remarks) == len(said)
    assert all(one in remark for one, remark in zip(said, info.remarks, strict=True))
    for shown in (video, browser_copy(video, tmp_path / "copies")):
        frames = [(k, code_of(name, picture), picture.shape) for k, picture in iterate_frames(shown)]
        assert frames == [(k, k, (size[1], size[0], 3)) for k in range(FRAMES)]
    features = extract_own(single_recording(video), tmp_path, *backbones, Everywhere(), outlook, clip_stride=8)
    assert len(features.pts_s) == FRAMES
    assert features.has_face.all()
    assert features.has_audio.mean() > 0.8
    assert np.isfinite(features.visual).all()
