"""The sound with noise as a file: what the backbone hears, at whatever loudness it fits."""

from __future__ import annotations

import wave

import numpy as np
import pytest

from iaca.config import CorruptionConfig
from iaca.data.media.sound import SAMPLE_RATE_HZ, read_audio
from iaca.features.noise_and_blur import CorruptionError, with_noise
from iaca.features.noisy_sound import write_noisy_sound
from tests.media_files import write_media

TIMES_S = np.arange(60) / 30


def heard(path):
    with wave.open(str(path)) as file:
        assert (file.getframerate(), file.getnchannels(), file.getsampwidth()) == (SAMPLE_RATE_HZ, 1, 2)
        return np.frombuffer(file.readframes(file.getnframes()), "<i2") / 32_767


@pytest.mark.parametrize(("ratio_db", "softer"), [(20, False), (-20, True)])
def test_the_file_is_what_the_backbone_hears_and_softer_where_it_would_be_clipped(tmp_path, ratio_db, softer):
    sound = np.random.default_rng(1).normal(0, 0.1, 2 * SAMPLE_RATE_HZ).astype(np.float32)
    video = write_media(tmp_path / "a.mp4", TIMES_S, sound=sound)
    config = CorruptionConfig(kind="pink", strength=ratio_db, start_s=0.5, end_s=1.5)
    write_noisy_sound(video, config, tmp_path / "a.wav")
    expected = with_noise(read_audio(video), config).samples[:]
    found = heard(tmp_path / "a.wav")
    scale = max(1.0, float(np.abs(expected).max()))
    assert (scale > 1) is softer
    np.testing.assert_allclose(found, expected / scale, atol=1 / 32_767)


def test_a_video_without_sound_is_named_and_leaves_no_file(tmp_path):
    video = write_media(tmp_path / "mute.mp4", TIMES_S)
    with pytest.raises(CorruptionError, match=r"mute\.mp4 has no sound"):
        write_noisy_sound(video, CorruptionConfig(), tmp_path / "a.wav")
    assert list(tmp_path.iterdir()) == [video]
