"""Faces of a recording, from pictures or from the video."""

from __future__ import annotations

import struct

import cv2
import numpy as np
import pytest

from iaca.clips import clip_ends, clip_frame_indices
from iaca.data.faces.crops import CropError, Crops, clip_pictures, read_picture
from iaca.types import Recording
from tests.media_files import number_of, numbered_picture, write_media


def write_crop(path, k):
    path.parent.mkdir(parents=True, exist_ok=True)
    cv2.imencode(".jpg", cv2.cvtColor(numbered_crop(k), cv2.COLOR_RGB2BGR))[1].tofile(path)


def numbered_crop(k):
    return cv2.resize(numbered_picture(k), (112, 112), interpolation=cv2.INTER_NEAREST)


def read_number(crop):
    return number_of(crop[:, 2:110])


@pytest.fixture
def folder(tmp_path):
    for k in range(60):
        write_crop(tmp_path / "cropped_aligned" / "s" / f"{k + 1:05d}.jpg", k)
    return tmp_path / "cropped_aligned" / "s"


@pytest.fixture
def in_folder(folder):
    return Recording("s", "s", None, None, None, (folder,))


@pytest.fixture
def in_video(tmp_path):
    video = write_media(tmp_path / "batch1" / "s.mp4", np.arange(60) / 30, b_frames=2)
    rows = "".join(f"s,{k},47.5,47.5,96,0\n" for k in range(60) if k != 7)
    (tmp_path / "faces.csv").write_text("subject,frame,x,y,size,roll\n" + rows)
    return Recording("s", "s", None, video, None, (), tmp_path / "faces.csv")


def test_every_crop_has_the_number_of_its_frame(in_folder):
    crops = Crops(in_folder, 60)
    assert [(k, read_number(crop)) for k, crop in crops.iterate(np.ones(60, bool))] == [(k, k) for k in range(60)]
    assert crops.has_face.all()


def test_every_face_cut_from_the_video_is_of_its_frame(in_video):
    crops = Crops(in_video, 60)
    decoded = dict(crops.iterate(np.ones(60, bool)))
    assert [k for k, crop in decoded.items() if crop is None] == [7]
    assert all(number_of(crop[:, 2:110]) == k for k, crop in decoded.items() if crop is not None)
    assert np.flatnonzero(~crops.has_face).tolist() == [7]


def test_missing_and_damaged_crops_are_told_apart_and_masked(in_folder, folder):
    (folder / "00004.jpg").unlink()
    (folder / "00010.jpg").write_bytes((folder / "00010.jpg").read_bytes()[:40])
    (folder / "00011.jpg").write_bytes(b"")
    crops = Crops(in_folder, 62)  # two label lines more than crops
    assert np.flatnonzero(~crops.has_face).tolist() == [3, 60, 61]
    decoded = dict(crops.iterate(np.ones(62, bool)))
    gone = [k for k, crop in decoded.items() if crop is None]
    assert gone == np.flatnonzero(~crops.has_face).tolist() == [3, 9, 10, 60, 61]
    assert [p.split(":")[0] for p in crops.problems] == ["frame 9", "frame 10"]


def test_frames_beyond_the_video_are_missing(in_video):
    with open(in_video.faces_file, "a") as file:
        file.write("s,60,47.5,47.5,96,0\n")
    crops = Crops(in_video, 61)
    decoded = dict(crops.iterate(np.ones(61, bool)))
    assert decoded[60] is None
    assert not crops.has_face[60]


@pytest.mark.parametrize("clip_stride", [1, 4, 8])
@pytest.mark.parametrize("source", ["in_folder", "in_video"])
def test_the_pictures_of_a_clip_are_its_eight_frames(request, source, clip_stride):
    crops = Crops(request.getfixturevalue(source), 60)
    ends = clip_ends(60, clip_stride)
    clips = list(crops.clips(ends))
    assert len(clips) == len(ends)
    for end, clip in zip(ends, clips, strict=True):
        expected = clip_frame_indices(int(end))
        for frame, picture in zip(expected, clip, strict=True):
            if crops.has_face[frame]:
                assert picture.shape == (112, 112, 3)
                assert read_number(picture) == frame
            else:
                assert picture is None
    pictures = {id(picture) for clip in clips for picture in clip if picture is not None}
    shown = {frame for end in ends for frame in clip_frame_indices(int(end)) if crops.has_face[frame]}
    assert len(pictures) == len(shown)  # one for each frame, however many clips show it


def test_a_clip_without_any_face_is_missing_and_one_with_some_is_black_there(in_folder, folder):
    for k in range(33):
        (folder / f"{k + 1:05d}.jpg").unlink()
    clips = dict(zip((0, 31, 32, 36), Crops(in_folder, 60).clips(np.array([0, 31, 32, 36])), strict=True))
    assert [clip_pictures(clips[end]) for end in (0, 31, 32)] == [None] * 3
    pictures = clip_pictures(clips[36])
    assert (pictures[:7] == 0).all()
    assert read_number(pictures[7]) == 36


def test_a_recording_without_faces_is_refused_by_name(in_video):
    with pytest.raises(CropError, match="cropped_aligned"):
        Crops(in_video._replace(faces_file=None), 60)


def test_a_picture_of_another_size_is_resized(tmp_path):
    cv2.imwrite(str(tmp_path / "a.png"), np.full((50, 60, 3), (10, 20, 30), np.uint8))
    picture = read_picture(tmp_path / "a.png")
    assert picture.shape == (112, 112, 3)
    assert picture[50, 50].tolist() == [30, 20, 10]  # RGB


@pytest.mark.parametrize("side", [30_000, 65_500])
def test_a_picture_that_claims_an_absurd_size_is_damaged(tmp_path, side):
    content = bytearray(cv2.imencode(".jpg", np.zeros((64, 64, 3), np.uint8))[1].tobytes())
    place = content.find(b"\xff\xc0")  # of the frame, which says its height and width
    content[place + 5 : place + 9] = struct.pack(">HH", side, side)
    (tmp_path / "1.jpg").write_bytes(content)
    assert read_picture(tmp_path / "1.jpg") is None


def test_a_picture_of_another_format_is_damaged(tmp_path):
    (tmp_path / "1.jpg").write_bytes(cv2.imencode(".tiff", np.zeros((64, 64, 3), np.uint8))[1].tobytes())
    assert read_picture(tmp_path / "1.jpg") is None
