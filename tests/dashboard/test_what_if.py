"""What if: what the page shows beside what the models say unchanged."""

from __future__ import annotations

import io
import re
import statistics
import wave

import numpy as np
import pytest
import torch
from playwright.sync_api import expect

from dashboard.state import session
from iaca.checkpoints import load_backbone, load_checkpoint, save_backbone, save_checkpoint
from iaca.config import BackboneConfig, CorruptionConfig, DropoutConfig, ForcedGates, FusionConfig, GateOverrides
from iaca.data.media.sound import SAMPLE_RATE_HZ, read_audio
from iaca.data.recordings import find_recordings
from iaca.features.extraction import extract
from iaca.features.feature_files import read_features, write_features
from iaca.features.noise_and_blur import corrupt, with_noise
from iaca.inference import infer
from iaca.models.backbones import build_backbone
from iaca.models.fusion_model import FusionModel
from tests.dashboard.browsing import (
    PLAYER,
    choose,
    open_player,
    open_sidebar,
    rest,
    state,
    wait_for_address,
    wait_for_page,
)
from tests.dashboard.projects import Spec, write_project
from tests.dashboard.serving import PATIENCE_S
from tests.dashboard.test_page import changes, notices, open_page, score_lines, widget  # noqa: F401  open_page is a fixture

FRAMES = 150
DIM = 8


@pytest.fixture(scope="module")
def plain(tmp_path_factory):
    """Features that no backbone at hand made."""
    return write_project(tmp_path_factory.mktemp("plain"), [Spec("strong-01", FRAMES)])


@pytest.fixture(scope="module")
def extracted(tmp_path_factory):
    """Features that really come from the video, with the backbones beside the models."""
    root = write_project(tmp_path_factory.mktemp("extracted"), [Spec("strong-01", FRAMES)])
    folder = root / "checkpoints"
    torch.manual_seed(0)
    for modality in ("visual", "audio"):
        config = BackboneConfig(modality=modality, width=8, dim=DIM)
        save_backbone(folder / f"{modality}_tiny.safetensors", build_backbone(config), config)
    backbones = [load_backbone(folder / f"{modality}_tiny.safetensors") for modality in ("visual", "audio")]
    places = "".join(f"strong-01,{k},120,88,120,0\n" for k in range(FRAMES))
    (root / "faces.csv").write_text("subject,frame,x,y,size,roll\n" + places)
    features = extract(find_recordings(root).find("strong-01"), *backbones, clip_stride=4)
    write_features(root / "features" / "strong-01.safetensors", features)
    for name, iaca in (("ca", False), ("ca_iaca", True)):
        config = FusionConfig(iaca=iaca, audio_dim=DIM, visual_dim=DIM, dim=DIM, gate_init="default")
        model = FusionModel(config)
        model.set_standardisation(torch.from_numpy(features.audio), torch.from_numpy(features.visual))
        save_checkpoint(folder / f"{name}.safetensors", model, backbones=features.backbones)
    return root


@pytest.fixture(scope="module")
def address(server, extracted):
    """Of the page on the subject whose features were really extracted."""
    return server(extracted)


def subject_and_model(root, name="ca_iaca"):
    features = read_features(root / "features" / "strong-01.safetensors")
    return features, load_checkpoint(root / "checkpoints" / f"{name}.safetensors")


def assert_shows(scores, trace, before):
    """They are the scores of a trace and their changes."""
    for shown, target in zip(scores, ("valence", "arousal"), strict=True):
        ccc = trace.scores[target].ccc
        assert shown == pytest.approx((ccc, ccc - before.scores[target].ccc))


def test_forced_gates_and_temperature_change_the_gated_model_alone(open_page, plain):  # noqa: F811
    page = open_page(plain, what_if="true")
    widget(page.selectbox, "Stage 1").set_value("always cross-attended").run()
    widget(page.selectbox, "Stage 2").set_value("audio alone").run()
    features, model = subject_and_model(plain)
    forced = infer(features, model, gates=GateOverrides(forced=ForcedGates(stage1="cross", stage2="audio")))
    assert_shows(score_lines(page)["CA+IACA"], forced, infer(features, model))
    assert len(changes(page)) == 2
    said = " ".join(caption.value for caption in page.caption)
    assert "stage 1 always cross-attended · stage 2 audio alone" in said
    widget(page.button, "Reset").click().run()
    assert not changes(page)
    widget(page.select_slider, "Gate temperature").set_value("5").run()
    assert_shows(
        score_lines(page)["CA+IACA"],
        infer(features, model, gates=GateOverrides(temperature=5.0)),
        infer(features, model),
    )


def test_sound_and_face_can_be_dropped_at_once_and_in_a_brushed_range(open_page, plain):  # noqa: F811
    page = open_page(plain, range="50-100", what_if="true")
    widget(page.toggle, "Drop audio").set_value(True).run()
    widget(page.selectbox, "Pattern").set_value("brushed range").run()
    widget(page.slider, "Visual dropout (%)").set_value(30).run()
    features, model = subject_and_model(plain)
    span = {"start_s": float(features.pts_s[50]), "end_s": float(features.pts_s[100])}
    dropouts = [DropoutConfig(pattern="range", **span), DropoutConfig(modality="visual", share=0.3)]
    assert_shows(score_lines(page)["CA+IACA"], infer(features, model, dropouts), infer(features, model))


def test_a_share_that_means_nothing_for_a_brushed_range_cannot_be_set(open_page, plain):  # noqa: F811
    page = open_page(plain, range="50-100", what_if="true", drop_audio="true", pattern="brushed range")
    assert widget(page.slider, "Audio dropout (%)").disabled
    assert widget(page.number_input, "Seed").disabled
    assert not widget(page.slider, "Visual dropout (%)").disabled
    widget(page.slider, "Visual dropout (%)").set_value(30).run()
    assert not widget(page.number_input, "Seed").disabled
    widget(page.selectbox, "Pattern").set_value("block").run()
    widget(page.selectbox, "Visual pattern").set_value("brushed range").run()
    assert not widget(page.slider, "Audio dropout (%)").disabled
    assert widget(page.slider, "Visual dropout (%)").disabled


def test_without_a_brushed_range_the_page_says_how_to_get_one(open_page, plain):  # noqa: F811
    page = open_page(plain)
    widget(page.toggle, "Drop audio").set_value(True).run()
    widget(page.selectbox, "Pattern").set_value("brushed range").run()
    assert any("No range is brushed" in caption.value for caption in page.caption)
    assert not changes(page)


def test_without_the_backbone_noise_is_refused_in_one_sentence(open_page, plain):  # noqa: F811
    page = open_page(plain, what_if="true")
    widget(page.selectbox, "Noise").set_value("white").run()
    said = notices(page)
    assert "White noise needs the audio backbone that made the features of strong-01, audio_slim (aaaaaaaa)" in said
    assert not changes(page)


def test_a_changed_page_has_ghosts_and_its_address_restores_it_elsewhere(address, chromium, page):
    open_player(page, address, "strong-01")
    legend = page.get_by_test_id("player-legend")
    assert "unchanged" not in legend.inner_text()
    assert not page.get_by_role("combobox", name="Stage 1").is_visible()  # one step away
    open_sidebar(page)
    page.get_by_text("What if", exact=True).click()
    for name, choice in (("Stage 2", "visual alone"), ("Stage 1", "always self-attended")):
        before = int(state(page, "revision"))
        choose(page, name, choice)
        wait_for_page(page, before)
    page.get_by_text("What if: stage 1 always self-attended").wait_for()
    expect(legend).to_contain_text("CA+IACA, unchanged")
    table = page.get_by_test_id("player-ccc").inner_text()
    assert re.search(r"[+−]0\.\d{3}", table)

    wait_for_address(page, "stage1=", "stage2=")
    other = chromium.new_page()
    other.goto(page.url)
    other.get_by_text("What if: stage 1 always self-attended").wait_for()
    other.wait_for_selector(f"{PLAYER}[data-revision]")
    rest(other)
    assert other.get_by_test_id("player-ccc").inner_text() == table
    assert "CA+IACA, unchanged" in other.get_by_test_id("player-legend").inner_text()
    other.close()

    page.get_by_role("button", name="Reset", exact=True).click()
    page.get_by_text("What if: stage 1").wait_for(state="detached")
    page.wait_for_function(
        "(keys) => !keys.some((key) => location.search.includes(`${key}=`))",
        arg=[field.key for field in (*session.DROPOUT_FIELDS, *session.WHAT_IF_FIELDS)],
    )


def test_a_bar_with_stop_stands_below_the_control_that_began_the_work(address, page):
    open_player(page, address, "strong-01")
    open_sidebar(page)
    page.get_by_text("What if", exact=True).click()
    page.get_by_role("slider", name="Blur (px)").wait_for()
    page.evaluate(
        """() => {
          window.gaps = [];
          const look = () => {
            const stop = [...document.querySelectorAll("button")].find((one) => one.textContent === "Stop");
            const slider = document.querySelector(".st-key-blur");
            if (stop) window.gaps.push(stop.getBoundingClientRect().top - slider.getBoundingClientRect().bottom);
            requestAnimationFrame(look);
          };
          look();
        }"""
    )
    page.get_by_role("slider", name="Blur (px)").press("ArrowRight")
    page.get_by_text("What if: blur of 0.5 px").wait_for()
    gaps = page.evaluate("gaps")
    assert gaps
    assert 0 < statistics.median(gaps) < 120  # while elements come and go, a frame may have them elsewhere


def test_noise_and_blur_are_really_extracted_while_the_page_tells_how_far_it_is(address, extracted, page):
    open_player(page, address, "strong-01", noise="white", snr="-10", blur="4.0")
    page.get_by_text("What if: white noise at -10 dB · blur of 4 px").wait_for()
    features, model = subject_and_model(extracted)
    recording = find_recordings(extracted).find("strong-01")
    changed = {}
    for config in (CorruptionConfig(strength=-10), CorruptionConfig(kind="blur", strength=4)):
        backbone = load_backbone(extracted / "checkpoints" / f"{config.modality}_tiny.safetensors")
        made = corrupt(features, recording, backbone, config)
        changed[config.modality] = made.astype(np.float16).astype(np.float32)
    trace, before = infer(features._replace(**changed), model), infer(features, model)
    table = expect(page.get_by_test_id("player-ccc"))
    for target in ("valence", "arousal"):
        score, change = trace.scores[target].ccc, trace.scores[target].ccc - before.scores[target].ccc
        table.to_contain_text(f"{score:.3f}".replace("-", "−"), timeout=PATIENCE_S * 1000)
        table.to_contain_text(f"{change:+.3f}".replace("-", "−"), timeout=PATIENCE_S * 1000)
    expect(page.get_by_test_id("player-legend")).to_contain_text("CA, unchanged")


def test_noise_is_heard_and_blur_is_seen_as_the_backbones_get_them(address, extracted, page):
    video = find_recordings(extracted).find("strong-01").video_file
    page.add_init_script(
        "window.Audio = class extends Audio { constructor() { super(); (window.heard ??= []).push(this); } }"
    )
    with page.expect_response(lambda answer: answer.headers.get("content-type", "").endswith("wav")) as coming:
        open_player(page, address, "strong-01", noise="white", snr="-10", blur="4.0", as_given="true")
    page.get_by_text("As the models get it: white noise, -10 dB · blur 4 px").wait_for()
    assert page.get_by_test_id("player-video").evaluate("(video) => video.volume") == 0
    # The crop is 120 pixels wide in the video, and 112 as the backbone gets it.
    canvas = page.get_by_test_id("player-canvas")
    blur, scale = canvas.evaluate("(one) => [getComputedStyle(one).filter, one.clientWidth / one.width]")
    assert float(re.fullmatch(r"blur\((.*)px\)", blur)[1]) == pytest.approx(4 * 120 / 112 * scale, abs=0.01)
    expected = with_noise(read_audio(video), CorruptionConfig(strength=-10)).samples[:]
    with wave.open(io.BytesIO(page.request.get(coming.value.url).body())) as file:
        assert (file.getframerate(), file.getnchannels()) == (SAMPLE_RATE_HZ, 1)
        heard = np.frombuffer(file.readframes(file.getnframes()), "<i2").astype(np.float64)
    assert len(heard) == len(expected)
    assert np.corrcoef(heard, expected)[0, 1] > 0.99999
    page.keyboard.press("Space")
    page.wait_for_function(
        f"""() => {{
          const {{ pts, playing }} = document.querySelector('{PLAYER}').dataset;
          const off = (sound) => Math.abs(sound.currentTime - Number(pts));
          return playing === 'true' && Number(pts) > 1 && heard.some((one) => one.src && !one.paused && off(one) < 0.1);
        }}"""
    )


@pytest.mark.parametrize("change", ["audio", "visual"])
def test_dropped_clips_are_silent_and_grey_while_the_video_plays_and_all_others_are_not(
    address, extracted, page, change
):
    dropped = {"audio": {"drop_audio": "true", "dropout": "40", "pattern": "block"},
               "visual": {"face_dropout": "40", "face_pattern": "block"}}[change]  # fmt: skip
    open_player(page, address, "strong-01", as_given="true", **dropped)
    features, model = subject_and_model(extracted)
    frames = infer(features, model, (DropoutConfig(modality=change, share=0.4, pattern="block"),)).frames
    mask = frames[f"{change}_dropped"].to_numpy()
    assert 0 < mask.sum() < len(mask)
    look = """() => {
      const player = document.querySelector('[data-testid=player]');
      const [video, canvas] = ['video', 'canvas'].map((name) => player.querySelector(`[data-testid=player-${name}]`));
      return [Number(player.dataset.frame), video.volume, getComputedStyle(canvas).filter];
    }"""
    page.get_by_test_id("player-given").wait_for()
    page.keyboard.press("Space")
    seen = page.evaluate(
        f"""() => new Promise((done) => {{
          const seen = [];
          const look = {look};
          const next = () => {{
            seen.push(look());
            if (seen.at(-1)[0] < {len(mask) - 3} && seen.length < 4000) requestAnimationFrame(next);
            else done(seen);
          }};
          requestAnimationFrame(next);
        }})"""
    )
    assert {bool(mask[frame]) for frame, *_ in seen} == {True, False}
    for frame, volume, filtered in seen:
        silent, grey = (bool(mask[frame]) and change == one for one in ("audio", "visual"))
        assert volume == (0 if silent else 1), frame
        assert filtered == ("contrast(0)" if grey else "none"), frame


def test_a_video_is_heard_and_seen_as_it_is_unless_that_is_asked_for(address, page):
    open_player(page, address, "strong-01", drop_audio="true", dropout="100")
    assert page.get_by_test_id("player-given").is_hidden()
    volume = "(video) => video.volume"
    video = page.get_by_test_id("player-video")
    assert video.evaluate(volume) == 1
    page.locator(".st-key-as_given label").click()
    page.get_by_text("As the models get it: audio dropped").wait_for()
    assert video.evaluate(volume) == 0
    page.wait_for_url("**/*as_given=true*")
    page.locator(".st-key-as_given label").click()
    page.get_by_test_id("player-given").wait_for(state="hidden")
    assert video.evaluate(volume) == 1
