"""Files that are no video, or too much of one: refused at once, in a sentence, without a look at any other file."""

from __future__ import annotations

import re
import shutil
import struct
import subprocess
import sys

import numpy as np
import pytest

from iaca.data.media import container, sound
from iaca.data.media.browser_copy import browser_copy
from iaca.data.media.container import MediaError, picture_times
from iaca.data.media.sound import read_audio
from iaca.data.media.video import iterate_frames, probe
from tests.media_files import clicks, write_media

TIMES_S = np.arange(20) / 20
LOOK = """
import resource, sys
resource.setrlimit(resource.RLIMIT_AS, (4 * 2**30,) * 2)
from iaca.data.media.container import MediaError
from iaca.data.media.video import probe
try:
    print("read", len(probe(sys.argv[1]).pts_s))
except MediaError as error:
    print("refused", error)
"""

NO_VIDEOS = {
    "other.m3u8": "#EXTM3U\n#EXT-X-TARGETDURATION:50\n#EXTINF:50,\n{video}\n#EXT-X-ENDLIST\n",
    "endless.m3u8": "#EXTM3U\n#EXT-X-TARGETDURATION:1\n#EXTINF:1,\nnone.ts\n",
    "itself.m3u8": "#EXTM3U\n#EXT-X-STREAM-INF:BANDWIDTH=1\nitself.m3u8\n",
    "itself.mp4": "ffconcat version 1.0\nfile itself.mp4\n",
    "other.mp4": "ffconcat version 1.0\nfile {video}\n",
    "note.txt": "text is no video\n" * 100,
    "said.srt": "1\n00:00:00,000 --> 00:00:01,000\nSubtitles are no video.\n\n" * 20,
    "many.mpd": "<MPD xmlns='urn:mpeg:dash:schema:mpd:2011'><BaseURL>{video}</BaseURL></MPD>",
    "call.sdp": "v=0\no=- 0 0 IN IP4 127.0.0.1\ns=x\nc=IN IP4 127.0.0.1\nt=0 0\nm=video 9 RTP/AVP 96\n",
    "%02d.png": "a pattern of pictures",
}


@pytest.mark.parametrize("name", NO_VIDEOS)
def test_what_names_other_files_or_holds_text_is_no_video(tmp_path, name):
    video = write_media(tmp_path / "video.mp4", TIMES_S)
    (tmp_path / name).write_text(NO_VIDEOS[name].format(video=video))
    done = subprocess.run([sys.executable, "-c", LOOK, tmp_path / name], capture_output=True, text=True, timeout=180)
    assert done.stdout.startswith("refused"), done.stdout + done.stderr[-300:]


def refer_to(other, film):
    """The bytes of a QuickTime file whose samples lie in another file, said by an alias of the old Macintosh."""

    def path_record(kind, text):
        return struct.pack(">HH", kind, len(text)) + text + b"\0" * (len(text) % 2)

    name = other.name.encode()
    alias = b"\0" * 10 + b"\0" * 28 + b"\0" * 12 + bytes([len(name)]) + name.ljust(63, b"\0") + b"\0" * 16
    alias += struct.pack(">HH", 1, 1) + b"\0" * 16 + path_record(2, str(other).encode()) + struct.pack(">HH", 0xFFFF, 0)
    alias += b"\0" * 40
    entry = struct.pack(">I4sI", 12 + len(alias), b"alis", 0) + alias
    place = film.find(b"dref") + 12
    old = struct.unpack(">I", film[place : place + 4])[0]
    content = bytearray(film[:place] + entry + film[place + old :])
    for box in (b"moov", b"trak", b"mdia", b"minf", b"dinf", b"dref"):
        at = film.rfind(box, 0, place) - 4
        size = struct.unpack(">I", film[at : at + 4])[0]
        content[at : at + 4] = struct.pack(">I", size + len(entry) - old)
    return bytes(content)


def test_a_quicktime_file_cannot_show_the_samples_of_another(tmp_path):
    film = write_media(tmp_path / "film.mov", TIMES_S)
    (tmp_path / "points.mov").write_bytes(refer_to(film, film.read_bytes()))
    with pytest.raises(MediaError):
        probe(tmp_path / "points.mov")


def test_pictures_beyond_any_video_are_refused_by_their_size(tmp_path, monkeypatch):
    path = write_media(tmp_path / "a.mp4", TIMES_S)
    monkeypatch.setattr(container, "MOST_PIXELS", 1000)
    with pytest.raises(MediaError, match="at most 1,000 pixels"):
        next(iterate_frames(path))


@pytest.mark.parametrize(("name", "codec"), [("a.mp4", "libx264"), ("a.avi", "mpeg4")])
def test_more_frames_than_any_recording_has_are_refused(tmp_path, monkeypatch, name, codec):
    path = write_media(tmp_path / name, TIMES_S, video_codec=codec)
    monkeypatch.setattr(container, "MOST_FRAMES", 19)
    with pytest.raises(MediaError, match="more than 19 frames"):
        probe(path)


def test_pictures_and_sound_of_unknown_codecs_are_refused_and_left_out(tmp_path):
    content = write_media(tmp_path / "a.mp4", TIMES_S, clicks(1, (0.5,))).read_bytes()
    (tmp_path / "pictures.mp4").write_bytes(content.replace(b"avc1", b"zzzz"))
    with pytest.raises(MediaError, match="expected a video"):
        probe(tmp_path / "pictures.mp4")
    (tmp_path / "sound.mp4").write_bytes(content.replace(b"mp4a", b"zzzz").replace(b"esds", b"zzzz"))
    assert probe(tmp_path / "sound.mp4").audio_codec is None
    assert read_audio(tmp_path / "sound.mp4") is None


def test_sound_that_lies_hours_away_is_refused_before_it_fills_the_disk(tmp_path, monkeypatch):
    path = write_media(tmp_path / "a.mp4", TIMES_S, clicks(1, (0.5,)))
    monkeypatch.setattr(sound, "LONGEST_S", 0.5)
    with pytest.raises(MediaError, match="hours at the latest"):
        read_audio(path)


SOUND = clicks(6, (0.5,))
needs_ffmpeg = pytest.mark.skipif(not shutil.which("ffmpeg"), reason="writes files that only ffmpeg writes")


@needs_ffmpeg
@pytest.mark.parametrize("name", ["a.mp4", "a.mkv", "a.avi"])
def test_a_file_that_was_cut_off_says_where_it_ends_and_what_was_expected(tmp_path, name):
    path = write_media(
        tmp_path / name, np.arange(150) / 25, SOUND, video_codec="mpeg4", audio_codec="mp3", ticks_per_s=25
    )  # fmt: skip
    assert probe(path).remarks == ()
    if path.suffix == ".mp4":
        subprocess.run(
            ["ffmpeg", "-v", "error", "-i", path, "-c", "copy", "-movflags", "+faststart", tmp_path / "front.mp4"],
            check=True,
        )
        path = tmp_path / "front.mp4"
    content = path.read_bytes()
    path.write_bytes(content[: len(content) * 6 // 10])
    info = probe(path)
    (remark,) = info.remarks
    end_s, announced_s = (float(number) for number in re.findall(r"([\d.]+) s\b", remark))
    assert path.name in remark
    assert end_s == pytest.approx(info.duration_s, abs=0.15)
    assert announced_s == pytest.approx(6, abs=0.15)
    assert 2 < len(list(iterate_frames(path))) / 25 < 5


@pytest.mark.parametrize("name", ["a.mp4", "a.mkv", "a.avi"])
def test_pictures_that_end_before_the_sound_are_whole(tmp_path, name):
    path = write_media(tmp_path / name, np.arange(75) / 25, SOUND, audio_codec="mp3", ticks_per_s=25)
    assert probe(path).remarks == ()


@needs_ffmpeg
@pytest.mark.parametrize(
    ("name", "cover_name"),
    [
        ("song.m4a", "cover.jpg"),
        ("song.mp4", "cover.png"),
        ("song.m4b", "cover.png"),
        ("song.mkv", "cover.jpg"),
        ("song.mkv", "cover.png"),
        ("song.avi", "cover.jpg"),
    ],
)
def test_a_song_with_a_cover_picture_is_called_one(tmp_path, name, cover_name):
    song = write_media(tmp_path / "a.mp4", TIMES_S, SOUND)
    ffmpeg = ["ffmpeg", "-v", "error", "-i", song]
    subprocess.run([*ffmpeg, "-frames:v", "1", tmp_path / cover_name], check=True)
    cover = ["-i", tmp_path / cover_name, "-map", "0:a", "-map", "1:v", "-c", "copy", "-disposition:v", "attached_pic"]
    subprocess.run([*ffmpeg, *cover, tmp_path / name], check=True)
    for read in (probe, lambda path: next(iterate_frames(path)), picture_times):
        with pytest.raises(MediaError, match=r"song\.\w+ is sound with a cover picture, not a video"):
            read(tmp_path / name)
    track = read_audio(tmp_path / name)  # as the recording of a video beside it
    assert np.flatnonzero(np.abs(track.samples) > 0.3)[0] / 44_100 == pytest.approx(0.5, abs=0.06)


def test_a_single_picture_without_sound_or_with_an_instant_of_it_is_a_video(tmp_path):
    assert len(probe(write_media(tmp_path / "a.mkv", TIMES_S[:1])).pts_s) == 1
    assert len(probe(write_media(tmp_path / "b.mkv", TIMES_S[:1], clicks(0.2, (0.1,)))).pts_s) == 1


@pytest.mark.parametrize("name", ["a.mp4", "a.mov"])
@pytest.mark.parametrize("share", [0.3, 0.9])
def test_a_file_cut_off_before_its_table_of_frames_is_told_so(tmp_path, name, share):
    path = write_media(tmp_path / name, np.arange(50) / 25, SOUND)
    path.write_bytes(path.read_bytes()[: round(share * path.stat().st_size)])
    with pytest.raises(MediaError, match=rf"{name} cannot be decoded: it was cut off before the table of its frames"):
        probe(path)


def write_tracks(path, defaults, kind):
    """Two films of 96 and 48 pixels, or two sounds, of which some are marked as default; silence is the first sound."""
    small = write_media(path.with_name("small.mp4"), TIMES_S, np.zeros(44_100, np.float32), size=48)
    large = write_media(path.with_name("large.mp4"), TIMES_S, clicks(1, (0.5,)), size=96)
    maps = {"v": ["0:v", "1:v", "1:a"], "a": ["1:v", "0:a", "1:a"]}[kind]
    marks = [mark for k, one in enumerate(defaults) for mark in (f"-disposition:{kind}:{k}", "default" if one else "0")]
    codecs = ["-c:v", "libvpx", "-c:a", "libopus"] if path.suffix == ".webm" else ["-c", "copy"]
    command = ["ffmpeg", "-v", "error", "-i", small, "-i", large, *(x for one in maps for x in ("-map", one))]
    subprocess.run([*command, *codecs, *marks, path], check=True)
    return path


@needs_ffmpeg
@pytest.mark.parametrize("name", ["a.mp4", "a.mkv", "a.webm"])
@pytest.mark.parametrize(
    ("defaults", "taken"), [((True, False), 1), ((False, True), 2), ((True, True), 1), ((False, False), 1)]
)
def test_of_several_films_the_default_is_read_and_shown_and_it_is_said(tmp_path, name, defaults, taken):
    path = write_tracks(tmp_path / name, defaults, "v")
    size = {1: 48, 2: 96}[taken]
    info = probe(path)
    assert next(iterate_frames(path))[1].shape == (size, size, 3)
    assert (info.width, info.height) == (size, size)
    assert f"has 2 video tracks: number {taken} is used" in info.remarks[0]
    shown = browser_copy(path, tmp_path / "cache")
    assert probe(shown).width == size
    assert shown != path or taken == 1  # browsers that know no default play the first


@needs_ffmpeg
@pytest.mark.parametrize("name", ["a.mp4", "a.mkv", "a.mov"])
@pytest.mark.parametrize(("defaults", "taken"), [((True, False), 1), ((False, True), 2)])
def test_of_several_sounds_the_default_is_heard_and_it_is_said(tmp_path, name, defaults, taken):
    path = write_tracks(tmp_path / name, defaults, "a")
    assert f"has 2 sound tracks: number {taken} is used, which is marked as default" in probe(path).remarks[0]
    for file in (path, browser_copy(path, tmp_path / "cache")):
        assert (np.abs(read_audio(file).samples).max() > 0.3) == (taken == 2)
    assert probe(path).browser_playable == (taken == 1 and path.suffix == ".mp4")


@pytest.mark.parametrize(("name", "codec"), [("a.mp4", "libx264"), ("a.avi", "mpeg4")])
def test_the_times_of_a_file_are_read_once_and_again_when_it_changes(tmp_path, name, codec):
    path = write_media(tmp_path / name, TIMES_S, video_codec=codec)
    times = picture_times(path)
    assert picture_times(path) is times
    with pytest.raises(ValueError, match="read-only"):
        times.pts_s[0] = 1.0
    write_media(path, TIMES_S[:15], video_codec=codec)
    assert len(picture_times(path).pts_s) == 15
    path.unlink()
    with pytest.raises(MediaError, match="does not exist"):
        picture_times(path)
