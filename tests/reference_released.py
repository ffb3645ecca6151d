"""The published networks a second time: one line for each step of their description, weights taken by name.

No module of the package is used, and nothing is arranged for speed.
"""

from __future__ import annotations

import math

import torch
import torch.nn.functional as F
from torch import Tensor

StateDict = dict[str, Tensor]


def published_forward(weights: StateDict, audio: Tensor, visual: Tensor) -> dict[str, Tensor]:
    """Predictions and everything on the way to them.

    Args:
        weights: State dict of RJCA, JCA or DCA: its names say which.
        audio: (B, 16, 512).
        visual: (B, 16, 25088).

    Returns:
        Name -> tensor, with the field names of `Explanation` where there is such a field.
    """
    recurrent = "audio_extract.init_hidden" in weights
    gated = "audio_gating_fc_layer.weight" in weights
    out: dict[str, Tensor] = {}

    # 1. Length 1.
    visual = F.normalize(visual, dim=-1)
    audio = F.normalize(audio, dim=-1)
    # 2. - 4. LSTM block of audio, spatial attention, LSTM block of visual.
    if recurrent:
        audio = lstm_block(weights, "audio_extract", audio)
    visual = spatial_attention(weights, visual, audio)
    if recurrent:
        visual = lstm_block(weights, "video_extract", visual)
    out["audio"], out["visual"] = audio, visual
    # 5. Joint attention.
    layer = 0
    while f"coattn.dcn_layers.{layer}.linears.0.0.weight" in weights:
        visual, audio, visual_map, audio_map = joint_attention(weights, f"coattn.dcn_layers.{layer}", visual, audio)
        layer += 1
    out["attended_audio"], out["attended_visual"] = audio, visual
    out["audio_attention"], out["visual_attention"] = audio_map, visual_map
    for modality in ("audio", "visual"):
        added = torch.sqrt(((out[f"attended_{modality}"] - out[modality]) ** 2).sum(-1))
        out[f"{modality}_attention_contribution"] = added / (torch.sqrt((out[modality] ** 2).sum(-1)) + added)
    # Between 5. and 6., DCA only: the gates.
    if gated:
        for modality, name in (("audio", "audio"), ("visual", "video")):
            logits = linear(weights, f"{name}_gating_fc_layer", out[f"attended_{modality}"])
            gate = torch.softmax(logits / 0.1, dim=-1)
            before, attended = out[modality], out[f"attended_{modality}"]
            out[f"stage1_{modality}_logits"], out[f"stage1_{modality}_weights"] = logits, gate
            out[f"gated_{modality}"] = torch.relu(gate[:, :, 0:1] * before + gate[:, :, 1:2] * attended)
        audio, visual = out["gated_audio"], out["gated_visual"]
    # 6. Joint LSTM block and heads.
    joint = lstm_block(weights, "Joint", torch.cat((visual, audio), dim=-1))
    out["fused"] = joint
    for target, name in (("valence", "vregressor"), ("arousal", "aregressor")):
        hidden = torch.relu(linear(weights, f"{name}.0", joint))
        out[target] = linear(weights, f"{name}.3", hidden).squeeze(2)
    return out


def linear(weights: StateDict, name: str, x: Tensor) -> Tensor:
    """x W^T + b."""
    return F.linear(x, weights[f"{name}.weight"], weights.get(f"{name}.bias"))


def lstm_block(weights: StateDict, name: str, x: Tensor) -> Tensor:
    """Two-layer bidirectional LSTM with a learned start, skip, linear, length 1."""
    hidden = weights[f"{name}.init_hidden"]
    h0 = hidden[0:4].unsqueeze(1).expand(4, x.shape[0], 256).contiguous()
    c0 = hidden[4:8].unsqueeze(1).expand(4, x.shape[0], 256).contiguous()
    parts = ("weight_ih", "weight_hh", "bias_ih", "bias_hh")
    flat = [weights[f"{name}.rnn.{p}_l{i}{way}"] for i in (0, 1) for way in ("", "_reverse") for p in parts]
    has_biases, num_layers, dropout, train, bidirectional, batch_first = True, 2, 0.0, False, True, True
    y, _, _ = torch.lstm(x, (h0, c0), flat, has_biases, num_layers, dropout, train, bidirectional, batch_first)
    return F.normalize(linear(weights, f"{name}.linear", torch.cat((x, y), dim=-1)), dim=-1)


def spatial_attention(weights: StateDict, visual: Tensor, audio: Tensor) -> Tensor:
    """Audio-guided attention over the 49 places of the flattened map."""
    name = "video_attn.attn"
    places = visual.reshape(visual.shape[0] * 16, 49, 512)
    v = torch.relu(linear(weights, f"{name}.affine_video", places))
    a = torch.relu(linear(weights, f"{name}.affine_audio", audio.reshape(-1, 512)))
    content = linear(weights, f"{name}.affine_v", v) + linear(weights, f"{name}.affine_g", a)[..., None]
    z = linear(weights, f"{name}.affine_h", torch.tanh(content)).squeeze(2)
    alpha = torch.softmax(z, dim=-1)
    c = torch.bmm(alpha.unsqueeze(1), places).reshape(visual.shape[0], 16, 512)
    return linear(weights, f"{name}.affine_feat", c)


def joint_attention(weights: StateDict, layer: str, visual: Tensor, audio: Tensor) -> tuple[Tensor, ...]:
    """One layer of joint cross-attention: attended visual and audio, their maps."""
    name = f"{layer}.dense_coattn"
    joint = linear(weights, f"{name}.query_linear", torch.cat((visual, audio), dim=-1))
    attended, maps = [], []
    for number, x in ((1, visual), (2, audio)):
        key = linear(weights, f"{name}.key{number}_linear", x.transpose(1, 2))
        value = linear(weights, f"{name}.value{number}_linear", x)
        scores = torch.tanh(torch.bmm(key, joint) / math.sqrt(1024))
        weighted = torch.relu(torch.tanh(torch.bmm(value, scores)))
        attended.append(x + torch.relu(linear(weights, f"{layer}.linears.{number - 1}.0", weighted)))
        maps.append(scores)
    return attended[0], attended[1], maps[0], maps[1]
