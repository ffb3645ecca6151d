"""Speech-like sound: pulses of a glottis through formants, syllable by syllable.

Pitch, its range, tempo, loudness, brightness and breath follow arousal; contour, jitter and formants follow valence.
"""

from __future__ import annotations

import numpy as np
from scipy.ndimage import gaussian_filter1d
from scipy.signal import butter, lfilter

from iaca.config import AUDIO
from iaca.demo.performance import FPS, Performance

SAMPLE_RATE_HZ = 44100
CONTROL_RATE_HZ = 100
VOWELS_HZ = np.array(
    [[730, 1090, 2440], [270, 2290, 3010], [300, 870, 2240], [530, 1840, 2480], [570, 840, 2410], [490, 1350, 1690]],
    float,
)
BANDWIDTH_HZ = (80, 110, 160)
FORMANT_GAIN = (1.0, 0.6, 0.3)
STFT, HOP = 1024, 256

LOUDNESS_DB_PER_AROUSAL = 4.5
SEMITONES_PER_AROUSAL = 3.0
TILT_PER_AROUSAL = 0.40
QUAVER_HZ = 6.5
MICROPHONE_NOISE = 0.0008


def _stretch(values: np.ndarray, length: int) -> np.ndarray:
    return np.interp(np.linspace(0, 1, length), np.linspace(0, 1, len(values)), values)


class _Score:
    """What the mouth does, at CONTROL_RATE_HZ: `loudness`, `unvoiced`, `contour` (semitones), `formants_hz`."""

    def __init__(
        self, rng: np.random.Generator, valence: np.ndarray, arousal: np.ndarray, speaking_rate: float
    ) -> None:
        steps = len(valence)
        loudness, unvoiced, contour = np.zeros(steps), np.zeros(steps), np.zeros(steps)
        formants = np.tile(VOWELS_HZ[5], (steps, 1))
        at = rng.uniform(0, 0.4) * CONTROL_RATE_HZ
        while at < steps - 0.2 * CONTROL_RATE_HZ:
            phrase = int(at)
            for _ in range(int(rng.integers(4, 12))):
                start = min(steps - 1, int(at))
                syllables_per_s = speaking_rate * (3.9 + 1.0 * arousal[start])
                length = CONTROL_RATE_HZ / syllables_per_s * rng.uniform(0.75, 1.3)
                stop = min(steps, int(at + length))
                at += length
                if stop - start < 4:
                    break
                swell = np.sin(np.pi * np.linspace(0.05, 0.95, stop - start)) ** 0.6
                loudness[start:stop] = np.maximum(loudness[start:stop], swell * rng.uniform(0.75, 1.1))
                formants[start:stop] = VOWELS_HZ[int(rng.integers(len(VOWELS_HZ)))]
                if rng.random() < 0.35:
                    consonant = slice(start, start + 7)
                    unvoiced[consonant] = rng.uniform(0.3, 1)
                    loudness[consonant] *= 0.15
                accent = rng.normal() * 0.5 + (1.2 if rng.random() < 0.35 else 0.0)
                contour[start:stop] += accent * np.sin(np.pi * np.linspace(0, 1, stop - start))
                if at > steps - 0.1 * CONTROL_RATE_HZ:
                    break
            end = min(steps, int(at))
            if end > phrase + 3:
                # Phrases fall; with valence they rise towards their end.
                place = np.linspace(0, 1, end - phrase)
                rise = 2.2 * valence[(phrase + end) // 2]
                contour[phrase:end] += 0.5 - place + rise * (place - 0.35) * (place > 0.35)
            at += CONTROL_RATE_HZ * rng.uniform(0.15, 0.5) * (1.5 - 0.6 * arousal[min(steps - 1, int(at))])
        self.loudness = gaussian_filter1d(loudness, 1.2)
        self.unvoiced = gaussian_filter1d(unvoiced, 1.0)
        self.contour = gaussian_filter1d(contour, 3)
        self.formants_hz = gaussian_filter1d(formants, 3, axis=0)


def _glottis(rng: np.random.Generator, pitch_hz: np.ndarray, effort: np.ndarray) -> np.ndarray:
    """The voice before the mouth: one pulse a period, shorter and sharper with effort."""
    phase = (np.cumsum(pitch_hz) / SAMPLE_RATE_HZ) % 1.0
    open_share = 0.62 - 0.12 * effort
    flow = np.sin(np.pi * np.clip(phase / open_share, 0, 1)) ** 2 * (1 - 0.3 * phase)
    pulses = np.diff(np.where(phase < open_share, flow, 0.0), prepend=0.0)
    return pulses / (pulses.std() + 1e-9)


def _overlap_add(blocks: np.ndarray, samples: int) -> np.ndarray:
    sound = np.zeros(samples)
    overlap = STFT // HOP
    # Every fourth block is a neighbour without overlap: four additions of whole tracks.
    for first in range(overlap):
        track = blocks[first::overlap].reshape(-1)
        start = first * HOP
        length = min(len(track), samples - start)
        sound[start : start + length] += track[:length]
    return sound


def speak(performance: Performance, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """The voice of a performance, before anything corrupts it.

    Choice: source and filter, with a filter bank of four formants every 256 samples.

    Args:
        performance: The recording.
        rng: Source of the draw.

    Returns:
        Samples, float32 in (-1, 1) at SAMPLE_RATE_HZ, from `audio_lead_s` before the first picture to the last one;
        and how far the mouth is open at each frame, (N,) in about 0 to 1.
    """
    person = performance.identity
    frame_s = np.arange(performance.frames) / FPS
    duration_s = performance.frames / FPS + performance.audio_lead_s
    steps = int(duration_s * CONTROL_RATE_HZ)
    samples = int(duration_s * SAMPLE_RATE_HZ)
    step_s = np.arange(steps) / CONTROL_RATE_HZ - performance.audio_lead_s

    def control(values: np.ndarray) -> np.ndarray:
        return np.interp(step_s, frame_s, values)

    valence, arousal = control(performance.voice_valence), control(performance.voice_arousal)
    quaver = control(performance.quaver)
    score = _Score(rng, valence, arousal, person.speaking_rate)
    effort = np.clip(0.5 + 0.5 * arousal, 0, 1)

    semitones = SEMITONES_PER_AROUSAL * arousal + 1.5 * valence
    semitones += score.contour * (1.2 + 1.2 * effort + 0.7 * np.maximum(valence, 0))
    roughness = 0.25 + np.maximum(-valence, 0) * (0.5 + 0.5 * np.maximum(arousal, 0))
    semitones += gaussian_filter1d(rng.normal(size=steps), 1.0) * roughness
    tremor = np.sin(2 * np.pi * QUAVER_HZ * step_s)
    semitones += 0.8 * quaver * tremor
    loudness = score.loudness * (1 - quaver * (0.4 + 0.4 * tremor))

    pulses = _glottis(rng, _stretch(person.pitch_hz * 2 ** (semitones / 12), samples), _stretch(effort, samples))
    breath = _stretch(0.05 + 0.12 * np.maximum(-arousal, 0) * (0.6 + 0.4 * np.maximum(-valence, 0)), samples)
    hiss = rng.normal(size=samples)
    # Single precision from here on: half the time, and far finer than what AAC keeps.
    source = (pulses * (1 - breath) + hiss * breath * 0.8).astype(np.float32)
    hiss = hiss.astype(np.float32)

    blocks = (samples - STFT) // HOP + 1
    index = np.arange(STFT) + HOP * np.arange(blocks)[:, None]
    window = np.hanning(STFT + 1)[:-1].astype(np.float32)
    voiced_spectrum = np.fft.rfft(source[index] * window, axis=1)
    hiss_spectrum = np.fft.rfft(hiss[index] * window, axis=1)
    step = ((np.arange(blocks) * HOP + STFT / 2) / SAMPLE_RATE_HZ * CONTROL_RATE_HZ).astype(int)
    step = np.minimum(step, steps - 1)

    frequency_hz = np.fft.rfftfreq(STFT, 1 / SAMPLE_RATE_HZ).astype(np.float32)
    tract = (person.vocal_tract * (1 + 0.09 * valence[step])).astype(np.float32)
    mouth = np.full((blocks, len(frequency_hz)), 0.03, np.float32)
    for formant, (bandwidth, gain) in enumerate(zip(BANDWIDTH_HZ, FORMANT_GAIN, strict=True)):
        centre = score.formants_hz[step, formant].astype(np.float32) * tract
        mouth += gain / (1 + ((frequency_hz - centre[:, None]) / (1.2 * bandwidth)) ** 2)
    mouth += 0.12 / (1 + ((frequency_hz - (3500 * tract)[:, None]) / 250) ** 2)
    tilt = (-0.35 + person.spectral_tilt + TILT_PER_AROUSAL * arousal[step] + 0.22 * valence[step]).astype(np.float32)
    octaves = np.log2(np.maximum(frequency_hz, 100) / 500)
    mouth *= np.exp(0.55 * tilt[:, None] * octaves) * np.exp(-((frequency_hz / 9000) ** 2))
    consonants = np.exp(-(((frequency_hz - 5200 * person.vocal_tract) / 2300) ** 2))

    level_db = person.loudness_db + LOUDNESS_DB_PER_AROUSAL * arousal + control(performance.gain_db)
    level = (10 ** (level_db / 20)).astype(np.float32)
    voiced_level = (loudness * level)[step, None].astype(np.float32)
    consonant_level = (0.10 * score.unvoiced * level)[step, None].astype(np.float32)
    spectrum = voiced_spectrum * (mouth * voiced_level)
    spectrum += hiss_spectrum * (consonants * consonant_level)
    sound = 0.10 * _overlap_add(np.fft.irfft(spectrum, axis=1) * window, samples)
    sound += MICROPHONE_NOISE * rng.normal(size=samples)

    opening = score.loudness * (0.45 + 0.55 * effort) * (1 - 0.6 * np.clip(score.unvoiced, 0, 1))
    return np.tanh(sound).astype(np.float32), np.interp(frame_s, step_s, opening)


def _noise(rng: np.random.Generator, samples: int, level: float) -> np.ndarray:
    """White, pink or babble-like noise with a given root mean square."""
    kind = int(rng.integers(3))
    sound = rng.normal(size=samples)
    if kind == 1:
        sound = lfilter([0.05], [1, -0.97], sound)
    elif kind == 2:
        band = butter(2, [200, 3500], "bandpass", fs=SAMPLE_RATE_HZ)
        swell = np.abs(rng.normal(size=max(4, samples // 6000))) + 0.3
        sound = lfilter(*band, sound) * _stretch(swell, samples)
    return level * sound / (sound.std() + 1e-9)


def corrupt_voice(sound: np.ndarray, performance: Performance) -> np.ndarray:
    """The sound with the voice's corrupted episodes: near silence, or noise 6 to 16 dB above the speech.

    Args:
        sound: Samples of `speak`.
        performance: The recording.

    Returns:
        Samples of the same length, float32 in [-1, 1].
    """
    sound = sound.copy()
    speech_level = float(np.sqrt(np.mean(sound**2))) + 1e-6
    for episode in performance.episodes:
        if episode.modality != AUDIO or episode.kind not in ("silence", "noise"):
            continue
        first, last = (
            int((frame / FPS + performance.audio_lead_s) * SAMPLE_RATE_HZ) for frame in (episode.start, episode.stop)
        )
        span = sound[first:last]
        if episode.kind == "silence":
            span *= 0.01
        else:
            rng = np.random.default_rng(episode.seed)
            span += _noise(rng, len(span), speech_level * 10 ** ((6 + 10 * episode.strength) / 20))
    return np.clip(sound, -1, 1)
