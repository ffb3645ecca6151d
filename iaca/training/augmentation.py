"""Augmentation of clips in the training of a backbone, so that it does not memorise them."""

from __future__ import annotations

import torch
from torch import Tensor


def augment_visual(x: Tensor, generator: torch.Generator) -> Tensor:
    """Augment pictures, with one draw per clip.

    Half of the clips are mirrored and a third turned grey; all are shifted by up to 8 pixels, and their contrast and
    brightness changed per colour channel. Colours change independently: skin, hair and wall reveal who somebody is, and
    a network that knows it predicts the mean of a video instead of reading the face.

    Args:
        x: (B, 3, P, 112, 112), normalised.
        generator: Source of the draws.

    Returns:
        Clips of the same shape.
    """
    draws = torch.rand(len(x), 4, generator=generator).tolist()
    contrast = 0.7 + 0.6 * torch.rand(len(x), 3, 1, 1, 1, generator=generator)
    light = torch.rand(len(x), 3, 1, 1, 1, generator=generator) - 0.5
    out = torch.empty_like(x)
    for i, (flip, right, down, grey) in enumerate(draws):
        clip = x[i].flip(-1) if flip < 0.5 else x[i]
        clip = clip.roll((round(16 * down - 8), round(16 * right - 8)), (-2, -1))
        out[i] = clip.mean(0, keepdim=True) if grey < 1 / 3 else clip
    return out * contrast.to(x.device) + light.to(x.device)


def augment_audio(x: Tensor, generator: torch.Generator) -> Tensor:
    """Augment spectrograms, with one draw per clip.

    Loudness changes by up to 5 dB. In 40 % of the clips a band of 8 mels is masked, in 40 % a span of 16 columns.

    Args:
        x: (B, 1, 64, F), normalised log-mel spectrograms.
        generator: Source of the draws.

    Returns:
        Clips of the same shape.
    """
    draws = torch.rand(len(x), 5, generator=generator).tolist()
    out = x.clone()
    for i, (gain, has_band, band, has_span, span) in enumerate(draws):
        out[i] += 0.5 * gain - 0.25
        if has_band < 0.4:
            top = int(band * (x.shape[-2] - 8))
            out[i, :, top : top + 8] = 0
        if has_span < 0.4:
            left = int(span * (x.shape[-1] - 16))
            out[i, :, :, left : left + 16] = 0
    return out
