"""The synthetic corpus: what is on disk, what it says of itself, and that it comes out the same twice."""

import hashlib
import json

import av
import numpy as np
import pandas as pd
import pytest

from iaca.data.annotations import read_labels
from iaca.data.episodes import read_episodes
from iaca.data.faces.places import CROP_SIZE, read_faces_csv
from iaca.data.media.sound import read_audio
from iaca.data.media.video import iterate_frames, probe
from iaca.data.recordings import find_recordings
from iaca.demo.corpus import build_corpus
from iaca.demo.corpus_plan import IDENTITIES_PER_ROLE, CorpusError, Role, plan_corpus
from iaca.demo.episode_plan import Condition
from iaca.demo.performance import perform

SECONDS = 4.0
FRAMES = 100
SIZE = 96
SETTINGS = {
    "identities": 2,
    "first_identity": 3,
    "seconds": SECONDS,
    "conditions": [["weak_face", "conflict"], ["weak_voice"], ["strong"], ["strong"]],
    "video_size": SIZE,
    "crf": 23,
    "preset": "veryfast",
    "progress": False,
}


def _files(root):
    return sorted(path.relative_to(root).as_posix() for path in root.rglob("*") if path.is_file())


def _digest(path):
    return hashlib.sha256(path.read_bytes()).hexdigest()


@pytest.fixture(scope="module")
def corpus(tmp_path_factory):
    root = tmp_path_factory.mktemp("corpus")
    subjects = build_corpus(root, processes=1, **SETTINGS)
    return root, subjects


def test_the_layout_is_that_of_aff_wild2(corpus):
    root, subjects = corpus
    assert subjects == ("strong-04", "weak-face-05", "conflict-05")
    names = set(_files(root))
    for subject in subjects:
        assert f"batch1/{subject}.mp4" in names
        assert f"annotations/VA_Estimation_Challenge/Validation_Set/{subject}.txt" in names
        assert f"cropped_aligned/{subject}/00001.jpg" in names
        assert f"cropped_aligned/{subject}/{FRAMES:05d}.jpg" in names
    assert {"corpus.json", "faces.csv.gz", "episodes.csv"} <= names
    assert len(names) == 3 + len(subjects) * (2 + FRAMES), "something else was left behind"


def test_the_index_pairs_every_recording_without_a_problem(corpus):
    root, subjects = corpus
    index = find_recordings([root])
    assert not index.problems
    assert {recording.subject for recording in index.recordings} == set(subjects)
    for recording in index.recordings:
        assert recording.split == "validation"
        assert recording.video_file is not None
        assert recording.crop_folders


def test_the_corpus_says_that_it_is_synthetic_and_who_is_in_it(corpus):
    root, subjects = corpus
    description = json.loads((root / "corpus.json").read_text())
    assert description["synthetic"] is True
    assert description["seed"] == 0
    assert tuple(description["subjects"]) == subjects
    assert description["subjects"]["weak-face-05"] == {"identity": 4, "condition": "weak_face"}


def test_labels_have_a_line_for_every_frame_of_the_video(corpus):
    root, subjects = corpus
    for subject in subjects:
        labels = read_labels(root / "annotations/VA_Estimation_Challenge/Validation_Set" / f"{subject}.txt")
        assert len(labels.valence) == FRAMES
        assert np.isfinite(labels.valence).mean() > 0.8
        media = probe(root / "batch1" / f"{subject}.mp4")
        assert len(media.pts_s) == FRAMES
        np.testing.assert_allclose(media.pts_s, np.arange(FRAMES) / 25, atol=1e-4)


def test_videos_play_in_a_browser_and_have_sound_to_their_end(corpus):
    root, subjects = corpus
    for subject in subjects:
        path = root / "batch1" / f"{subject}.mp4"
        media = probe(path)
        assert media.browser_playable
        assert (media.video_codec, media.audio_codec) == ("h264", "aac")
        assert (media.width, media.height) == (SIZE, SIZE)
        sound = read_audio(path)
        assert sound.end_s == pytest.approx(SECONDS, abs=0.1)
        assert np.std(sound.samples) > 1e-3
        assert path.read_bytes().find(b"moov") < path.read_bytes().find(b"mdat"), "the index is not at the start"


def test_a_seek_never_decodes_more_than_twelve_frames(corpus):
    root, subjects = corpus
    with av.open(str(root / "batch1" / f"{subjects[0]}.mp4")) as container:
        keys = [frame.key_frame for frame in container.decode(video=0)]
    assert np.diff(np.flatnonzero(keys)).max() <= 12


def test_one_person_in_twelve_has_a_video_that_starts_after_its_audio(corpus):
    root, _ = corpus
    late, punctual = (probe(root / "batch1" / f"{name}.mp4") for name in ("strong-04", "weak-face-05"))
    assert late.audio_offset_s == pytest.approx(-0.3, abs=0.03)
    assert punctual.audio_offset_s == pytest.approx(0.0, abs=0.03)


def test_every_face_lies_within_its_picture(corpus):
    root, subjects = corpus
    faces = read_faces_csv(root / "faces.csv.gz")
    assert set(faces) == set(subjects)
    for place in faces.values():
        np.testing.assert_array_equal(place.frame, np.arange(FRAMES))
        for centre in (place.x, place.y):
            assert (centre - place.size / 2 >= -0.1).all()
            assert (centre + place.size / 2 <= SIZE + 0.1).all()
        assert (np.abs(place.roll) < 45).all()


def test_crops_show_the_face_and_not_the_room(corpus):
    root, _ = corpus
    path = root / "cropped_aligned" / "strong-04" / "00010.jpg"
    with av.open(str(path)) as container:
        crop = next(container.decode(video=0)).to_ndarray(format="rgb24").astype(float)
    assert crop.shape == (CROP_SIZE, CROP_SIZE, 3)
    frame = next(picture for k, picture in iterate_frames(root / "batch1" / "strong-04.mp4") if k == 9)
    # The middle of a face has eyes, nose and mouth; the upper corners of the picture have a blurred wall.
    assert crop[40:80, 35:77].std() > 2 * frame[:12, :12].astype(float).std()


def test_episodes_lie_within_their_videos_and_do_not_overlap(corpus):
    root, subjects = corpus
    episodes = read_episodes(root / "episodes.csv")
    assert {episode.subject for episode in episodes} == set(subjects) - {"strong-04"}
    for subject in subjects:
        end_s = 0.0
        for episode in (e for e in episodes if e.subject == subject):
            assert end_s <= episode.start_s < episode.end_s <= SECONDS
            end_s = episode.end_s


def test_a_conflict_names_the_modality_that_does_not_lie(corpus):
    root, _ = corpus
    for episode in read_episodes(root / "episodes.csv"):
        if episode.kind.startswith("conflict"):
            assert {episode.modality, episode.truth_modality} == {"audio", "visual"}
        else:
            assert episode.truth_modality == ""


@pytest.mark.slow
def test_building_twice_gives_the_same_labels_and_the_same_pictures(corpus, tmp_path):
    root, _ = corpus
    build_corpus(tmp_path, processes=2, **SETTINGS)
    names = _files(root)
    assert _files(tmp_path) == names
    different = [name for name in names if _digest(root / name) != _digest(tmp_path / name)]
    assert different == []


def test_another_seed_gives_other_labels_of_the_same_people(tmp_path):
    plans = [plan_corpus(identities=2, seconds=SECONDS, seed=seed) for seed in (0, 1)]
    assert [plan.identity for plan in plans[0]] == [plan.identity for plan in plans[1]]
    assert {plan.seed for plan in plans[0]}.isdisjoint(plan.seed for plan in plans[1])


def test_an_interrupted_build_goes_on_where_it_stopped(corpus, tmp_path):
    root, subjects = corpus
    settings = {**SETTINGS, "crops": False}
    build_corpus(tmp_path, processes=1, **settings)
    kept, lost = (tmp_path / "batch1" / f"{name}.mp4" for name in subjects[:2])
    before = kept.stat().st_mtime_ns
    lost.unlink()
    build_corpus(tmp_path, processes=1, **settings)
    assert kept.stat().st_mtime_ns == before
    assert _digest(lost) == _digest(root / "batch1" / lost.name)


def test_a_folder_with_another_corpus_is_left_alone(corpus):
    root, _ = corpus
    before = _digest(root / "corpus.json")
    with pytest.raises(CorpusError, match=r"corpus\.json describes a corpus built with other values"):
        build_corpus(root, processes=1, **{**SETTINGS, "seed": 1})
    assert _digest(root / "corpus.json") == before


def test_no_two_roles_share_a_person():
    people = {role: {plan.identity for plan in plan_corpus(role=role, identities=IDENTITIES_PER_ROLE)} for role in Role}
    assert sum(len(group) for group in people.values()) == len(set().union(*people.values()))


def test_no_two_roles_share_the_name_of_a_subject():
    subjects = [plan.subject for role in Role for plan in plan_corpus(role=role, identities=40)]
    assert len(subjects) == len(set(subjects))


def test_the_shipped_mixture_has_every_condition():
    counts = pd.Series([plan.condition for plan in plan_corpus(identities=12)]).value_counts().to_dict()
    assert counts == {
        Condition.STRONG: 2,
        Condition.STRANGER_FACE: 1,
        Condition.STRANGER_VOICE: 1,
        Condition.WEAK_FACE: 2,
        Condition.WEAK_VOICE: 2,
        Condition.CONFLICT: 2,
        Condition.RESTRAINED_FACE: 1,
        Condition.RESTRAINED_VOICE: 1,
    }


@pytest.mark.parametrize(
    ("wrong", "sentence"),
    [
        ({"role": "judge"}, "role is 'judge'; expected one of: validation"),
        ({"identities": 0}, "identities is 0"),
        ({"identities": 2, "first_identity": IDENTITIES_PER_ROLE - 1}, "roles never share a person"),
        ({"seconds": 0.5}, "seconds is 0.5; expected 2 to 3600"),
        ({"seconds": float("inf")}, "seconds is inf; expected 2 to 3600"),
        ({"seed": -1}, "seed is -1"),
        ({"conditions": [["weak"]]}, "'weak' is not a valid Condition; expected one of: strong"),
        ({"conditions": [["strong", "strong"]]}, "expected each condition once a person"),
        ({"video_size": 97}, "video_size is 97; expected an even number"),
    ],
)
def test_a_value_that_cannot_be_is_named(wrong, sentence, tmp_path):
    with pytest.raises(CorpusError, match=sentence):
        build_corpus(tmp_path, progress=False, **wrong)
    assert list(tmp_path.iterdir()) == []


def test_feelings_last_longer_with_a_longer_memory():
    def kept_after_5_s(memory_s):
        labels = [
            perform(plan).label_valence for plan in plan_corpus(identities=40, seconds=60, emotion_memory_s=memory_s)
        ]
        early, late = (np.concatenate(parts) for parts in (([x[:-125] for x in labels]), ([x[125:] for x in labels])))
        both = np.isfinite(early) & np.isfinite(late)
        return np.corrcoef(early[both], late[both])[0, 1]

    short, long = kept_after_5_s(2.2), kept_after_5_s(11.0)
    assert short < 0.35
    assert long > short + 0.2


def test_in_a_mixed_recording_anything_goes_wrong_in_either_modality():
    episodes = [
        episode
        for plan in plan_corpus(identities=200, seconds=60, conditions=[["mixed"]])
        for episode in perform(plan).episodes
    ]
    kinds = [episode.kind.removesuffix("_control") for episode in episodes]
    shares = {kind: kinds.count(kind) / len(kinds) for kind in ("stranger", "restrained", "conflict")}
    assert shares == pytest.approx({"stranger": 0.3, "restrained": 0.1, "conflict": 0.2}, abs=0.04)
    assert np.mean([episode.modality == "audio" for episode in episodes]) == pytest.approx(0.5, abs=0.05)
    cued = [
        episode.kind in ("stranger", "conflict")
        for episode in episodes
        if "stranger" in episode.kind or "conflict" in episode.kind
    ]
    assert np.mean(cued) == pytest.approx(0.5, abs=0.05)
    for episode in episodes:
        assert bool(episode.truth_modality) == ("conflict" in episode.kind)
