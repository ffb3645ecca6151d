"""The networks behind the authors' published weight files, layer for layer, with this project's output.

Source: RJCA (ICASSP 2023), JCA (T-BIOM 2023) and DCA (ICME 2024) of Praveen et al.; where the code was read is named
in `blocks`. `iaca.checkpoints.published_files` reads their weight files.
"""

from __future__ import annotations

from enum import StrEnum
from typing import cast

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from iaca.config import OWN_GATES, TARGETS, FusionConfig, GateOverrides, Stage1Choice, TrunkSharing
from iaca.errors import InputError
from iaca.models.fusion_model import FusionModel, contribution
from iaca.models.gating import stage1_weights
from iaca.models.published.blocks import CLIPS, DIM, VISUAL_DIM, CoAttentionLayer, SequenceBlock, SpatialAttention
from iaca.types import Explanation, FusionOutput

GATE_TEMPERATURE = 0.1
"""T of the published DCA."""


class Published(StrEnum):
    """The networks whose weights the authors published."""

    RJCA = "published RJCA"
    DCA = "published DCA"
    JCA = "published T-BIOM JCA"

    @property
    def fusion(self) -> str:
        """The base fusion that it is."""
        return "jca" if self is Published.JCA else "rjca"

    @property
    def recurrent(self) -> bool:
        """Whether LSTM blocks precede the joint attention, one per modality."""
        return self is not Published.JCA

    @property
    def gated(self) -> bool:
        """Whether the gates of stage 1 follow the joint attention."""
        return self is Published.DCA

    @property
    def num_recursions(self) -> int:
        """Layers of joint attention."""
        return 2 if self is Published.DCA else 1


class PublishedNetwork(nn.Module):
    """RJCA, JCA or DCA as the authors released them.

    Source: state dicts have 88 (RJCA), 50 (JCA) and 106 (DCA) tensors, whose names are those of the published files.
        audio -> length 1 -> LSTM block;  visual -> length 1 -> spatial attention guided by audio -> LSTM block;
        joint attention, with residual connections;  DCA: X_gm = ReLU(X_m * G_m0 + X_att,m * G_m1), with
        G_m = softmax(FC(X_att,m) / T);  concat(visual, audio) -> joint LSTM block -> one head per target.
    JCA is the same without the LSTM block of each modality.
    Choice: the residual of the contribution score is what all layers of joint attention added together; the maps are
    those of the last layer.

    Args:
        kind: Which of them.
    """

    def __init__(self, kind: Published | str) -> None:
        super().__init__()
        self.kind = Published(kind)
        self.config = FusionConfig(
            fusion=self.kind.fusion,
            iaca=self.kind.gated,
            stage2=False,
            audio_dim=DIM,
            visual_dim=VISUAL_DIM,
            dim=DIM,
            clips=CLIPS,
            trunk=TrunkSharing.SHARED,
            num_recursions=self.kind.num_recursions,
            gate_temperature=GATE_TEMPERATURE,
        )
        layers = nn.ModuleList(CoAttentionLayer() for _ in range(self.kind.num_recursions))
        self.coattn = nn.ModuleDict({"dcn_layers": layers})
        if self.kind.recurrent:
            self.audio_extract = SequenceBlock(DIM, dropout=0.1)
            self.video_extract = SequenceBlock(DIM, dropout=0.1)
        self.video_attn = nn.ModuleDict({"attn": SpatialAttention()})
        self.vregressor = _build_regressor()
        self.Joint = SequenceBlock(2 * DIM, dropout=0.0)
        self.aregressor = _build_regressor()
        if self.kind.gated:
            self.audio_gating_fc_layer = nn.Linear(DIM, 2)
            self.video_gating_fc_layer = nn.Linear(DIM, 2)

    def forward(
        self,
        audio: Tensor,
        visual: Tensor,
        return_features: bool = False,
        gates: GateOverrides = OWN_GATES,
        return_maps: bool = True,
    ) -> FusionOutput:
        """Predict valence and arousal for every clip of a window.

        The maps take 4 MiB a window in float32: give a long video in parts.

        Args:
            audio: (B, 16, 512), features of the audio backbone.
            visual: (B, 16, 25088), un-pooled 512 x 1 x 7 x 7 map of the visual backbone, flattened.
            return_features: Also fill the intermediate features of the Explanation. `fused` is what the heads
                receive, the output of the joint LSTM block.
            gates: Overrides of the gates of DCA, which has a first stage only.
            return_maps: Also fill the maps; without them a window takes no more memory than its features.

        Returns:
            Predictions (B, 16), unbounded (labels lie in [-1, 1]), and one Explanation under both targets. Maps are
            (B, 512, 1024) correlations in [-1, 1]; stage-1 weights, self-attended first, exist for DCA only.

        Raises:
            InputError: Another shape.
        """
        for name, features, dim in (("audio", audio, DIM), ("visual", visual, VISUAL_DIM)):
            if features.ndim != 3 or tuple(features.shape[1:]) != (CLIPS, dim):
                raise InputError(f"{name} has shape {tuple(features.shape)}; expected (windows, {CLIPS}, {dim})")
        audio = F.normalize(audio, dim=-1)
        if self.kind.recurrent:
            audio = self.audio_extract(audio)
        visual = self.video_attn["attn"](visual, audio)
        if self.kind.recurrent:
            visual = self.video_extract(visual)
        attended_visual, attended_audio = visual, audio
        for layer in cast(nn.ModuleList, self.coattn["dcn_layers"]):
            attended_visual, attended_audio, visual_map, audio_map = layer(attended_visual, attended_audio, return_maps)
        explanation = Explanation(
            audio_attention=audio_map,
            visual_attention=visual_map,
            audio_attention_contribution=contribution(audio, attended_audio - audio),
            visual_attention_contribution=contribution(visual, attended_visual - visual),
        )
        if return_features:
            explanation = explanation._replace(
                audio=audio, visual=visual, attended_audio=attended_audio, attended_visual=attended_visual
            )
        fused_audio, fused_visual = attended_audio, attended_visual
        if self.kind.gated:
            how = (
                GATE_TEMPERATURE if gates.temperature is None else gates.temperature,
                gates.forced.stage1,
                return_features,
            )
            fused_audio, audio_fields = _gate("audio", self.audio_gating_fc_layer, audio, attended_audio, *how)
            fused_visual, visual_fields = _gate("visual", self.video_gating_fc_layer, visual, attended_visual, *how)
            explanation = explanation._replace(**audio_fields, **visual_fields)
        fused = self.Joint(torch.cat([fused_visual, fused_audio], dim=-1))
        if return_features:
            explanation = explanation._replace(fused=fused)
        return FusionOutput(
            self.vregressor(fused).squeeze(-1), self.aregressor(fused).squeeze(-1), dict.fromkeys(TARGETS, explanation)
        )


FusionNetwork = FusionModel | PublishedNetwork
"""What maps the features of a window to valence and arousal: a model of this project, or one of the authors'."""


def _gate(
    modality: str,
    layer: nn.Linear,
    features: Tensor,
    attended: Tensor,
    temperature: float,
    choice: Stage1Choice,
    return_features: bool,
) -> tuple[Tensor, dict[str, Tensor]]:
    """Gated feature of a modality, and the fields of Explanation that tell of it."""
    logits = layer(attended)
    weights = stage1_weights(logits, temperature, choice)
    gated = F.relu(weights[..., :1] * features + weights[..., 1:] * attended)
    fields = {f"stage1_{modality}_weights": weights}
    if return_features:
        fields |= {f"stage1_{modality}_logits": logits, f"gated_{modality}": gated}
    return gated, fields


def _build_regressor() -> nn.Sequential:
    return nn.Sequential(nn.Linear(DIM, 128), nn.ReLU(inplace=True), nn.Dropout(0.6), nn.Linear(128, 1))
