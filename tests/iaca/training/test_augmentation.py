"""Augmentation changes what should not matter and nothing else."""

from __future__ import annotations

import torch

from iaca.training.augmentation import augment_audio, augment_visual


def test_the_same_draws_give_the_same_clips_and_the_input_stays_as_it_is():
    for augment, shape in ((augment_visual, (4, 3, 8, 112, 112)), (augment_audio, (4, 1, 64, 104))):
        x = torch.randn(shape, generator=torch.Generator().manual_seed(0))
        before = x.clone()
        first, second = (augment(x, torch.Generator().manual_seed(1)) for _ in range(2))
        assert torch.equal(first, second)
        assert torch.equal(x, before)
        assert not torch.equal(first, augment(x, torch.Generator().manual_seed(2)))


def test_all_pictures_of_a_clip_are_changed_alike():
    picture = torch.randn(6, 3, 1, 112, 112, generator=torch.Generator().manual_seed(0))
    out = augment_visual(picture.expand(-1, -1, 8, -1, -1), torch.Generator().manual_seed(1))
    assert torch.equal(out, out[:, :, :1].expand_as(out))


def test_colours_are_changed_apart_from_each_other():
    out = augment_visual(torch.ones(6, 3, 8, 112, 112), torch.Generator().manual_seed(0))
    assert (out[:, 0, 0, 0, 0] - out[:, 1, 0, 0, 0]).abs().min() > 1e-3


def test_at_most_a_band_and_a_span_of_a_spectrogram_are_masked():
    out = augment_audio(torch.ones(50, 1, 64, 104), torch.Generator().manual_seed(0))
    masked = (out == 0).flatten(1).float().mean(1)
    assert masked.max() <= (8 * 104 + 16 * 64) / (64 * 104)
    assert masked.min() == 0
