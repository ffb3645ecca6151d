"""Strangers in a recording: who they are, how they come into picture and sound, and what gives them away."""

import numpy as np
import pytest

from iaca.data.faces.places import crop_face
from iaca.demo.corpus_plan import Role, plan_corpus
from iaca.demo.episode_plan import STRANGER
from iaca.demo.face import place_face
from iaca.demo.identity import IDENTITIES_PER_ROLE
from iaca.demo.performance import FPS
from iaca.demo.scene import Scene
from iaca.demo.strangers import BYSTANDER_SCALE, Framing, _off_camera, heard, seen, strangers_in
from iaca.demo.voice import SAMPLE_RATE_HZ

SIZE = 96
PEOPLE = 6


def scenes(condition):
    plans = plan_corpus(role="test", identities=PEOPLE, seconds=30, conditions=[[condition]])
    return [Scene(plan, SIZE) for plan in plans]


def strangers_of(scene):
    return strangers_in(scene.plan, scene.performance)


@pytest.fixture(scope="module")
def faces():
    return scenes("stranger_face")


@pytest.fixture(scope="module")
def voices():
    return scenes("stranger_voice")


def test_a_stranger_is_nobodys_subject_and_the_same_every_time(faces):
    subjects = {
        plan.identity for role in Role for plan in plan_corpus(role=role, identities=IDENTITIES_PER_ROLE, seconds=2)
    }
    for scene in faces:
        found = strangers_of(scene)
        assert found
        numbers = [one.performance.identity.number for one in found]
        assert subjects.isdisjoint(numbers)
        assert numbers == [one.performance.identity.number for one in strangers_of(scene)]
        for one in found:
            assert one.performance.frames == one.episode.stop - one.episode.start
            assert not one.performance.episodes


def test_half_of_the_strangers_have_a_cue_and_it_is_seen_in_their_framing(faces):
    found = [one for scene in faces for one in seen(strangers_of(scene))]
    assert {one.framing for one in found} == set(Framing)
    for one in found:
        assert one.has_cue == (one.episode.kind == STRANGER) == (one.framing is not Framing.CUT)
    assert 0.2 < np.mean([one.has_cue for one in found]) < 0.8


def test_the_face_that_is_tracked_is_the_one_in_the_picture(faces):
    for scene in faces:
        own = place_face(scene.performance, SIZE)
        is_subject = np.ones(scene.performance.frames, bool)
        for one in seen(strangers_of(scene)):
            span = slice(one.episode.start, one.episode.stop)
            is_subject[span] = False
            np.testing.assert_array_equal(scene.face.x[span], place_face(one.performance, SIZE).x)
            ratio = (scene.face.size[span] / one.performance.identity.head_scale).mean()
            assert ratio == pytest.approx((own.size / scene.performance.identity.head_scale).mean(), rel=0.05)
            if one.framing is Framing.BYSTANDER:
                assert scene.face.size[span].mean() < 1.6 * BYSTANDER_SCALE[1] * own.size.mean()
        np.testing.assert_array_equal(scene.face.x[is_subject], own.x[is_subject])


def test_a_screen_is_bluish_and_in_lines_and_a_bystander_coarse(faces):
    sharpness = {framing: [] for framing in Framing}
    for scene in faces:
        for one in seen(strangers_of(scene)):
            frame = (one.episode.start + one.episode.stop) // 2
            picture = dict(scene.pictures([frame]))[frame]
            crop = crop_face(picture, *(float(column[frame]) for column in scene.face)).astype(float)
            sharpness[one.framing].append(np.abs(np.diff(crop.mean(-1), axis=0)).mean())
            if one.framing is Framing.SCREEN:
                lines = picture.astype(float).mean((1, 2))
                inside = slice(round(float(scene.face.y[frame])), round(float(scene.face.y[frame])) + 12)
                assert np.abs(np.fft.rfft(lines[inside] - lines[inside].mean()))[4] > 5  # every third of 12 rows
    assert np.median(sharpness[Framing.BYSTANDER]) < np.median(sharpness[Framing.CUT])


def test_frames_can_be_drawn_alone(faces):
    scene = faces[0]
    one = seen(strangers_of(scene))[0]
    wanted = [max(0, one.episode.start - 1), one.episode.start, one.episode.start + 3]
    wanted = sorted(set(wanted))
    alone = dict(scene.pictures(wanted))
    assert list(alone) == wanted
    for frame, picture in scene.pictures():
        if frame in alone:
            np.testing.assert_array_equal(picture, alone[frame])


def test_another_voice_is_heard_in_its_episode_alone(voices):
    plain = plan_corpus(role="test", identities=PEOPLE, seconds=30, conditions=[["strong"]])
    for scene, plan in zip(voices, plain, strict=True):
        own = Scene(plan, SIZE).sound
        lead = scene.performance.audio_lead_s
        differs = scene.sound != own
        for one in heard(strangers_of(scene)):
            first, last = (int((lead + f / FPS) * SAMPLE_RATE_HZ) for f in (one.episode.start, one.episode.stop))
            assert differs[first + 100 : last - 2000].mean() > 0.99
            differs[first - 1 : last + 1] = False
        assert not differs.any()


def test_a_voice_off_camera_is_dull_and_softer():
    rng = np.random.default_rng(0)
    voice = rng.normal(0, 0.1, 2 * SAMPLE_RATE_HZ)
    far = _off_camera(voice, rng)
    assert np.std(far) == pytest.approx(np.std(voice) / 2, rel=0.01)
    frequency = np.fft.rfftfreq(len(voice), 1 / SAMPLE_RATE_HZ)
    power = np.abs(np.fft.rfft(far)) ** 2
    assert power[frequency > 6000].mean() < power[frequency < 2000].mean() / 20


def test_the_subject_listens_while_somebody_off_camera_speaks(voices):
    for scene in voices:
        for one in heard(strangers_of(scene)):
            opening = scene.opening[one.episode.start + 8 : one.episode.stop - 8]
            if one.has_cue:
                assert opening.max(initial=0) < 0.01
            elif len(opening) > 2 * FPS:
                assert opening.max() > 0.1
