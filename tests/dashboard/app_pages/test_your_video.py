"""A video that a user brings: from the upload to its curves, and what is said of one that cannot be used."""

from __future__ import annotations

import json
import re
import time
from itertools import islice
from pathlib import Path

import av
import numpy as np
import pytest
import torch
from streamlit.testing.v1 import AppTest

from dashboard.services import own_video_features, own_video_people, own_video_tracks, own_videos
from iaca.checkpoints import save_checkpoint
from iaca.checkpoints.pretrained import find_backbone
from iaca.config import FusionConfig
from iaca.files import file_sha256
from iaca.models.fusion_model import FusionModel
from tests.dashboard.browsing import PLAYER
from tests.dashboard.projects import Spec, write_project
from tests.dashboard.serving import PATIENCE_S, PROJECT
from tests.iaca.data.faces.test_detection import drawn_head, film
from tests.iaca.data.media.test_container import write_tracks
from tests.media_files import write_media

HTML_NAME = "<img src=x onerror=alert(1)> & <b>me.mp4"
FRAMES, LONG = 40, 64


def shipped(modality):
    return PROJECT / "checkpoints" / f"{modality}_slim.safetensors"


def face_video(path: Path, *, sound: bool, faces: int = FRAMES, frames: int = FRAMES) -> Path:
    """The first frames of a shown subject, of which the first `faces` have a face, the others are grey."""
    source = sorted((PROJECT / "demo" / "batch1").glob("strong-*.mp4"))[0]
    with av.open(str(source)) as read, av.open(f"file:{path}", "w") as out:
        pictures = [frame.to_ndarray(format="rgb24") for frame in islice(read.decode(video=0), frames)]
        pictures[faces:] = [np.full_like(pictures[0], 90) for _ in pictures[faces:]]
        video = out.add_stream("libx264", rate=25, options={"preset": "ultrafast"})
        video.height, video.width = pictures[0].shape[:2]
        video.pix_fmt = "yuv420p"
        audio = out.add_stream("aac", rate=44_100, layout="mono") if sound else None
        for picture in pictures:
            out.mux(video.encode(av.VideoFrame.from_ndarray(picture, format="rgb24")))
        out.mux(video.encode(None))
        if audio is not None:
            tone = (0.1 * np.sin(np.arange(frames * 44_100 // 25) / 20)).astype(np.float32)
            frame = av.AudioFrame.from_ndarray(tone[None], format="fltp", layout="mono")
            frame.sample_rate = 44_100
            out.mux(audio.encode(frame))
            out.mux(audio.encode(None))
    return path


@pytest.fixture(scope="module")
def project(tmp_path_factory):
    """A data root whose models expect the backbones that ship."""
    root = write_project(tmp_path_factory.mktemp("own"), [Spec("strong-01", 60)])
    backbones = {m: {"name": f"{m}_slim", "sha256": file_sha256(shipped(m))} for m in ("audio", "visual")}
    for name, iaca in (("ca", False), ("ca_iaca", True)):
        torch.manual_seed(0)
        model = FusionModel(FusionConfig(iaca=iaca, audio_dim=128, visual_dim=128, dim=128))
        save_checkpoint(root / "checkpoints" / f"{name}.safetensors", model, backbones=backbones)
    return root


@pytest.fixture(scope="module")
def address(project, server):
    """A page of it."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("IACA_DETECTOR", "haar")  # it is there on every machine
        return server(project)


def bring(page, file, said):
    """Upload a file, and wait for what is said of it."""
    page.get_by_test_id("stFileUploader").first.locator("input[type=file]").set_input_files(file)
    page.get_by_text(said).first.wait_for()


def test_an_uploaded_face_opens_in_the_player_under_its_name_which_stays_text(page, address, tmp_path):
    page.on("dialog", lambda dialog: pytest.fail(f"the name was run as a script: {dialog.message}"))
    page.goto(f"{address}/your_video")
    page.get_by_text("what the models say about real people means nothing").wait_for()
    bring(page, face_video(tmp_path / HTML_NAME, sound=True), f"{FRAMES} frames")
    assert HTML_NAME in page.get_by_test_id("stMain").inner_text()
    page.get_by_role("button", name="Extract features").click()
    page.get_by_text("Extract features").wait_for(state="detached")
    page.reload()  # the work goes on without the page
    page.get_by_text("Open on Compare").click()
    subject = HTML_NAME.removesuffix(".mp4")
    page.wait_for_selector(f"{PLAYER}[data-frames='{FRAMES}'][data-revision]")
    assert page.get_attribute(PLAYER, "data-subject") == subject
    assert page.locator("img[src=x]").count() == 0
    assert page.locator("[data-testid=stException]").count() == 0


def test_few_frames_with_a_face_are_warned_of_with_advice_and_frames_that_are_a_click_away(page, address, tmp_path):
    page.goto(f"{address}/your_video")
    bring(page, face_video(tmp_path / "turned.mp4", sound=True, faces=40, frames=LONG), f"{LONG} frames")
    page.get_by_role("button", name="Extract features").first.click()
    warning = page.get_by_test_id("stAlert").filter(has_text="A face was found by haar in 38% of the frames")
    warning.wait_for()
    for said in ("upright, seen from the front", "Crop the video", "IACA_YUNET", "--faces"):
        assert said in warning.inner_text()
    picture = page.get_by_alt_text("in which no face was found").last
    picture.wait_for()
    assert picture.evaluate("(image) => image.decode().then(() => image.naturalHeight)") == 120
    button = page.get_by_role("button", name=re.compile(r"0:0\d\.\d")).last
    time = re.search(r"0:(0\d\.\d)", button.inner_text())[1]
    button.click()
    frames = [frame for frame in range(LONG) if f"{frame / 25:04.1f}" == time]
    shown = f"{PLAYER}[data-subject='turned'][data-seeking='false']"
    page.wait_for_selector(", ".join(f"{shown}[data-frame='{frame}']" for frame in frames))


def test_what_cannot_be_used_has_a_sentence_of_its_own_and_the_next_is_taken(page, address, tmp_path):
    (tmp_path / "empty.mp4").touch()
    (tmp_path / "letter.mp4").write_text("Dear reader")
    (tmp_path / "again").mkdir()
    page.goto(f"{address}/your_video")
    bring(page, tmp_path / "empty.mp4", "empty.mp4 is empty (0 bytes); expected a video")
    bring(page, tmp_path / "letter.mp4", "letter.mp4 cannot be decoded")
    write_media(tmp_path / "clip.avi", np.arange(30) / 10, video_codec="mpeg4", audio_codec="libmp3lame")
    bring(page, tmp_path / "clip.avi", "It has no sound")
    page.get_by_text("Browsers cannot play this format").wait_for()
    page.get_by_role("button", name="Extract features").click()
    page.get_by_text("haar found no face in clip.avi").wait_for()

    bring(page, write_media(tmp_path / "again" / "clip.avi", np.arange(700) / 10, video_codec="mpeg4"), "700 frames")
    assert page.get_by_test_id("stMain").inner_text().count("clip.avi") >= 2
    page.get_by_label("Part").last.is_enabled()
    page.get_by_test_id("stTextInput").locator("input").fill("/no/such/film.mp4")
    page.get_by_test_id("stTextInput").locator("input").press("Enter")
    page.get_by_text("/no/such/film.mp4 is not a file on this machine").wait_for()
    assert page.locator("[data-testid=stException]").count() == 0


def brought(folder, content):
    """An upload that has arrived."""
    file = folder / "arrived"
    file.write_bytes(content)
    return file


def test_labels_that_cannot_be_read_are_refused_by_their_name_and_the_old_ones_stay(tmp_path):
    entry = own_videos.add_upload("me.mp4", brought(tmp_path, b"one"), tmp_path, ())
    own_videos.set_labels(entry, b"valence,arousal\n0.1,0.2\n", "mine.txt")
    with pytest.raises(own_videos.OwnVideoError, match=r"^mine\.txt, line 2 is 'no'"):
        own_videos.set_labels(entry, b"valence,arousal\nno\n", "mine.txt")
    assert entry.labels.read_bytes() == b"valence,arousal\n0.1,0.2\n"
    assert sorted(file.name for file in entry.folder.iterdir()) == ["about.json", "labels.txt", "video.mp4"]
    own_videos.set_labels(entry, None)
    assert entry.labels is None


def test_two_uploads_of_one_name_are_two_subjects_and_one_file_twice_is_one(tmp_path):
    first = own_videos.add_upload("me.mp4", brought(tmp_path, b"one"), tmp_path, ())
    second = own_videos.add_upload("me.mp4", brought(tmp_path, b"two"), tmp_path, ())
    again = own_videos.add_upload("me.mp4", brought(tmp_path, b"one"), tmp_path, ())
    listed = own_videos.add_upload("strong-01.mp4", brought(tmp_path, b"one"), tmp_path, {"strong-01"})
    assert first == again
    assert first.video.read_bytes() == b"one"
    assert second.video.read_bytes() == b"two"
    assert first.subject == "me"
    assert second.subject.startswith("me-")
    assert listed.subject.startswith("strong-01-")
    assert {one.subject for one in own_videos.entries(tmp_path)} == {
        first.subject, second.subject, listed.subject
    }  # fmt: skip
    own_videos.remove(first)
    (second.folder / "about.json").write_text(json.dumps(["damaged"]))
    assert [one.name for one in own_videos.entries(tmp_path)] == ["strong-01.mp4"]


def test_a_first_look_that_failed_or_was_stopped_is_tried_again(tmp_path, monkeypatch):
    entry = own_videos.add_path(str(write_media(tmp_path / "me.mp4", np.arange(12) / 25)), tmp_path / "cache", ())
    backbones = own_video_features.Backbones(*(find_backbone("slim", modality) for modality in ("visual", "audio")))

    def look():
        job = own_video_features.look(entry, backbones)
        job.thread.join()
        return job

    monkeypatch.setenv("IACA_DETECTOR", "away")
    failed = look()
    assert "there is no detector 'away'" in failed.error
    monkeypatch.setenv("IACA_DETECTOR", "haar")
    assert look() is failed  # not at every run of the page
    own_video_features.look_again(entry, backbones)
    done = look()
    assert (done.error, done.result.frames) == ("", 12)
    own_video_features.look_again(entry, backbones)
    with own_video_features.turns("look").turn("somebody else", lambda ahead: None):
        stopped = own_video_features.look(entry, backbones)
        stopped.stop()
        stopped.thread.join()
    assert look().result.frames == 12


def test_the_page_offers_to_try_again_where_a_first_look_failed(project, tmp_path, monkeypatch):
    for name, value in {"DEMO": project, "CHECKPOINTS": project / "checkpoints", "CACHE": tmp_path / "cache"}.items():
        monkeypatch.setenv(f"IACA_{name}", str(value))
    monkeypatch.setattr("sys.argv", ["app.py"])
    monkeypatch.setenv("IACA_DETECTOR", "away")
    own_videos.add_path(str(write_media(tmp_path / "me.mp4", np.arange(12) / 25)), tmp_path / "cache", ())
    page = AppTest.from_file(str(PROJECT / "dashboard" / "app.py"), default_timeout=PATIENCE_S)
    page.run()
    page.switch_page("app_pages/your_video.py")

    def offered(label):
        until = time.monotonic() + PATIENCE_S
        while time.monotonic() < until:
            page.run()
            found = [one for one in page.button if one.label == label]
            if found:
                return found[0]
            time.sleep(0.05)
        return pytest.fail(f"{label} is not offered")

    again = offered("Try again")
    assert any("there is no detector" in error.value for error in page.error)
    monkeypatch.setenv("IACA_DETECTOR", "haar")
    again.click()
    offered("Extract features")
    assert not page.error
    assert not page.exception


def test_the_chosen_tracks_stand_for_a_video_and_the_first_ones_come_back(tmp_path):
    video = write_tracks(tmp_path / "talk.mp4", (True, False), "v")
    entry = own_videos.add_path(str(video), tmp_path / "cache", ())
    assert (entry.video, own_video_tracks.chosen(entry)) == (entry.original, (1, 1))
    entry.features.write_bytes(b"of the first track")
    for number, is_original in ((2, False), (1, True)):
        wait_for(own_video_tracks.choose(entry, number, 1))
        (entry,) = own_videos.entries(tmp_path / "cache")
        assert own_video_tracks.chosen(entry) == (number, 1)
        assert (entry.video == entry.original) == is_original
        assert (entry.recording.video_file, entry.subject) == (entry.video, "talk")
        assert not entry.features.exists()
    assert not list(entry.folder.glob("tracks-*"))
    assert video.is_file()


def test_everybody_in_a_video_is_listed_with_a_picture_and_without_a_choice_the_first_counts(tmp_path, monkeypatch):
    monkeypatch.setenv("IACA_DETECTOR", "haar")
    heads = np.hstack([drawn_head(240), drawn_head(240)])
    video = film(tmp_path / "pair.mp4", 24, lambda k: [], background=heads)
    entry = own_videos.add_path(str(video), tmp_path / "cache", ())
    assert own_video_people.people(entry, 24) is None
    wait_for(own_video_people.look_for(entry, 16))
    assert own_video_people.people(entry, 24) is None  # only the beginning was searched
    wait_for(own_video_people.look_for(entry, 24))
    seen = own_video_people.people(entry, 24)
    assert sorted(float(np.median(one.person.faces.x)) for one in seen) == pytest.approx([120, 360], abs=20)
    assert [one.person.number for one in seen] == [1, 2]
    assert all(one.jpeg.startswith(b"\xff\xd8") for one in seen)
    assert own_video_people.chosen(entry) == (1,)
    assert own_video_people.turn(entry) == ""


def test_a_video_on_its_side_in_which_nobody_is_found_is_told_the_turn(tmp_path, monkeypatch):
    monkeypatch.setenv("IACA_DETECTOR", "haar")
    video = film(tmp_path / "me.mp4", 12, lambda k: [], background=np.rot90(drawn_head(240)).copy())
    entry = own_videos.add_path(str(video), tmp_path / "cache", ())
    wait_for(own_video_people.look_for(entry, 12))
    assert own_video_people.people(entry, 12) == []
    assert "turned by 90 degrees clockwise: the head is tilted" in own_video_people.turn(entry)


def wait_for(job):
    while not job.ended:
        time.sleep(0.02)
    assert not job.error
