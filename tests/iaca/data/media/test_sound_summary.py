"""The summary of a sound: what is heard is drawn where it is heard."""

from __future__ import annotations

import numpy as np
import pytest

from iaca.data.media import sound_summary
from iaca.data.media.sound import SAMPLE_RATE_HZ
from tests.media_files import clicks, write_media


@pytest.mark.parametrize("columns_per_block", [sound_summary.COLUMNS_PER_BLOCK, 7])
def test_a_click_is_drawn_at_its_moment_and_a_tone_in_its_band(tmp_path, monkeypatch, columns_per_block):
    monkeypatch.setattr(sound_summary, "COLUMNS_PER_BLOCK", columns_per_block)
    heard = clicks(3.0, (1.0, 2.2))
    moments = np.arange(round(0.2 * SAMPLE_RATE_HZ)) / SAMPLE_RATE_HZ
    heard[-len(moments) :] += 0.4 * np.sin(2 * np.pi * 440 * moments).astype(np.float32)
    video = write_media(tmp_path / "video.mp4", np.arange(75) / 25, heard)
    found = sound_summary.read_summary(sound_summary.sound_summary(video, tmp_path / "sounds"))
    mel, low, high, seconds = found
    assert seconds * mel.shape[1] == pytest.approx(3.0, abs=0.1)
    assert max(high.max(), -int(low.min())) == 127
    per_bin = seconds * mel.shape[1] / len(high)
    loud = np.flatnonzero(high > 60) * per_bin
    assert loud[0] == pytest.approx(1.0, abs=0.03)
    assert np.abs(loud[loud < 2.7] - 2.2).min() < 0.03
    assert not ((loud > 1.1) & (loud < 2.1)).any()
    # 3 kHz lies above 440 Hz.
    click, tone = mel[:, round(1.0 / seconds)].argmax(), mel[:, round(2.9 / seconds)].argmax()
    assert 0 < tone < click
    assert mel.max() == 255
    assert mel[:, round(1.6 / seconds)].max() < 128


def test_blocks_leave_no_seam(tmp_path, monkeypatch):
    video = write_media(tmp_path / "video.mp4", np.arange(50) / 25, clicks(2.0, (0.4, 1.3)))
    whole = sound_summary.sound_summary(video, tmp_path / "whole").read_bytes()
    monkeypatch.setattr(sound_summary, "COLUMNS_PER_BLOCK", 13)
    assert sound_summary.sound_summary(video, tmp_path / "parts").read_bytes() == whole


def test_a_video_without_sound_has_an_empty_summary_and_a_changed_one_a_new_one(tmp_path):
    silent = write_media(tmp_path / "video.mp4", np.arange(10) / 25)
    first = sound_summary.sound_summary(silent, tmp_path / "sounds")
    assert first.read_bytes() == b""
    assert sound_summary.read_summary(first) is None
    assert sound_summary.sound_summary(silent, tmp_path / "sounds") == first
    changed = write_media(tmp_path / "video.mp4", np.arange(20) / 25, clicks(0.8, (0.4,)))
    assert sound_summary.sound_summary(changed, tmp_path / "sounds") != first


@pytest.mark.parametrize("damage", [lambda whole: whole[:-1], lambda whole: whole[:11], lambda whole: whole * 2])
def test_a_damaged_summary_is_made_again(tmp_path, damage):
    video = write_media(tmp_path / "video.mp4", np.arange(25) / 25, clicks(1.0, (0.4,)))
    file = sound_summary.sound_summary(video, tmp_path / "sounds")
    whole = file.read_bytes()
    file.write_bytes(damage(whole))
    assert sound_summary.sound_summary(video, tmp_path / "sounds").read_bytes() == whole
