"""What is done to clips in the training of a backbone, so that it does not learn them by heart."""

from __future__ import annotations

import torch
from torch import Tensor


def augment_visual(x: Tensor, generator: torch.Generator) -> Tensor:
    """Flip, shift by up to 6 pixels, contrast and brightness; one draw per clip."""
    draws = torch.rand(len(x), 5, generator=generator).tolist()
    out = torch.empty_like(x)
    for i, (flip, right, down, contrast, light) in enumerate(draws):
        clip = x[i].flip(-1) if flip < 0.5 else x[i]
        clip = clip.roll((round(12 * down - 6), round(12 * right - 6)), (-2, -1))
        out[i] = clip * (0.75 + 0.5 * contrast) + (0.8 * light - 0.4)
    return out


def augment_audio(x: Tensor, generator: torch.Generator) -> Tensor:
    """Loudness by up to 5 dB; in 40 % of the clips a band of 8 mels, in 40 % a span of 16 columns is masked."""
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
