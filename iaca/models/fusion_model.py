"""A whole model: standardise, fuse, gate, regress, and explain."""

from __future__ import annotations

from typing import NamedTuple, cast

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from iaca.config import AROUSAL, MODALITIES, OWN_GATES, VALENCE, FusionConfig, GateOverrides, Normalisation
from iaca.errors import InputError
from iaca.models.fusions.registry import checked, model_title, registered_fusion
from iaca.models.gating import Gated
from iaca.models.related_gates import build_gate
from iaca.types import Attended, Explanation, FusionOutput

SMALLEST_SCALE = 1e-3
"""Lower bound of the standard deviations that features are divided by."""


class TrunkOutput(NamedTuple):
    """The output of one trunk for a batch of windows, before the heads."""

    attended: Attended
    gated: Gated | None
    features: Tensor


class Trunk(nn.Module):
    """A base fusion, its gates if it has any, and the module before the head.

    Args:
        config: The model's configuration.
    """

    def __init__(self, config: FusionConfig) -> None:
        super().__init__()
        fusion = registered_fusion(config.fusion)
        self.attention = fusion.build(config)
        self.gating = build_gate(config) if config.iaca else None
        width = config.dim if config.iaca else 2 * config.dim
        self.before_head = fusion.build_before_head(config, width)
        self.head_dim = config.dim if self.before_head is not None else width

    def forward(self, audio: Tensor, visual: Tensor, gates: GateOverrides = OWN_GATES) -> TrunkOutput:
        """Fuse and gate (B, L, D) features; `features` is (B, L, head_dim)."""
        attended = self.attention(audio, visual)
        if self.gating is None:
            gated = None
            features = torch.cat((attended.attended_audio, attended.attended_visual), dim=-1)
        else:
            gated = self.gating(attended, gates)
            features = gated.fused
        return TrunkOutput(attended, gated, self._before_head(features))

    def branches(self, gated: Gated) -> list[Tensor]:
        """The three branches of stage 2, each as the head would receive it alone; none without such a stage."""
        if gated.stage2_weights is None or gated.joint is None:
            return []
        return [self._before_head(F.relu(x)) for x in (gated.gated_audio, gated.gated_visual, gated.joint)]

    def _before_head(self, features: Tensor) -> Tensor:
        return features if self.before_head is None else self.before_head(features)


class FusionModel(nn.Module):
    """An audio-visual model of valence and arousal, with or without IACA.

    Source: arXiv:2405.12853; eqs 1-4 are in `fusions.cross_attention`, eqs 5-9 in `gating`. Features are normalised as
    the configuration says; statistics of the training features travel with the weights. Where a feature dimension
    differs from D, a linear map follows.

    Args:
        config: Everything that is needed to build it.

    Raises:
        ConfigError: The fusion is not registered, or the configuration does not fit it.
    """

    audio_mean: Tensor
    audio_scale: Tensor
    visual_mean: Tensor
    visual_scale: Tensor

    def __init__(self, config: FusionConfig) -> None:
        super().__init__()
        self.config = config = checked(config)
        for modality in MODALITIES:
            feature_dim = getattr(config, f"{modality}_dim")
            self.register_buffer(f"{modality}_mean", torch.zeros(feature_dim))
            self.register_buffer(f"{modality}_scale", torch.ones(feature_dim))
            linear = nn.Linear(feature_dim, config.dim) if feature_dim != config.dim else nn.Identity()
            self.add_module(f"{modality}_projection", linear)
        trunks = {name: Trunk(config) for name in config.trunks}
        self.trunks = nn.ModuleDict(trunks)
        self.heads = nn.ModuleDict(
            {
                target: build_head(trunks[name].head_dim, config.head_hidden, config.head_dropout)
                for name, targets in config.trunks.items()
                for target in targets
            }
        )

    @property
    def title(self) -> str:
        """Its name on screen: CA, CA+IACA, CA+GMU, ..."""
        return model_title(self.config.fusion, self.config.iaca, self.config.gate)

    def set_standardisation(self, audio: Tensor, visual: Tensor) -> None:
        """Set the mean and standard deviation that features are standardised with; without z-scores nothing is set.

        Args:
            audio: (any, D_a).
            visual: (any, D_v).
        """
        if self.config.normalise is not Normalisation.ZSCORE:
            return
        for modality, features in (("audio", audio), ("visual", visual)):
            getattr(self, f"{modality}_mean").copy_(features.mean(0))
            getattr(self, f"{modality}_scale").copy_(features.std(0, unbiased=False).clamp_min(SMALLEST_SCALE))

    def forward(
        self,
        audio: Tensor,
        visual: Tensor,
        return_features: bool = False,
        gates: GateOverrides = OWN_GATES,
        return_maps: bool = True,
    ) -> FusionOutput:
        """Predict valence and arousal for every clip of a window.

        Args:
            audio: (B, L, D_a) float32, raw backbone features.
            visual: (B, L, D_v) float32, likewise.
            return_features: Also fill the intermediate features of each Explanation.
            gates: Overrides of the gates; a model without such a gate stays as it is.
            return_maps: Also fill the attention maps.

        Returns:
            Predictions (B, L), unbounded (labels lie in [-1, 1]), and one Explanation per target.

        Raises:
            InputError: The shapes are not those of the configuration.
        """
        audio, visual = self.project(audio, visual)
        predictions: dict[str, Tensor] = {}
        explanations: dict[str, Explanation] = {}
        for name, targets in self.config.trunks.items():
            trunk = self.trunks[name](audio, visual, gates)
            explanation = _explain(trunk, return_features, return_maps)
            for target in targets:
                predictions[target] = self.heads[target](trunk.features).squeeze(-1)
                explanations[target] = explanation
        return FusionOutput(predictions.get(VALENCE), predictions.get(AROUSAL), explanations)

    def forward_with_branches(self, audio: Tensor, visual: Tensor) -> tuple[dict[str, Tensor], dict[str, list[Tensor]]]:
        """Predict from the fused feature and from each branch of stage 2 alone, for the auxiliary loss.

        Args:
            audio: (B, L, D_a).
            visual: (B, L, D_v).

        Returns:
            Target -> (B, L), and target -> predictions of audio, visual and joint branch; the lists are empty for a
            model without stage 2, and for gates that know no joint branch.
        """
        audio, visual = self.project(audio, visual)
        predictions: dict[str, Tensor] = {}
        branches: dict[str, list[Tensor]] = {}
        for name, targets in self.config.trunks.items():
            trunk = cast(Trunk, self.trunks[name])
            output: TrunkOutput = trunk(audio, visual)
            gated = output.gated
            parts = trunk.branches(gated) if gated is not None else []
            for target in targets:
                predictions[target] = self.heads[target](output.features).squeeze(-1)
                branches[target] = [self.heads[target](part).squeeze(-1) for part in parts]
        return predictions, branches

    def project(self, audio: Tensor, visual: Tensor) -> tuple[Tensor, Tensor]:
        """Normalise (B, L, D_a) and (B, L, D_v) features and map both to (B, L, D)."""
        projected = []
        for modality, features in (("audio", audio), ("visual", visual)):
            expected = (self.config.clips, getattr(self.config, f"{modality}_dim"))
            if features.ndim != 3 or tuple(features.shape[1:]) != expected:
                raise InputError(
                    f"{modality} has shape {tuple(features.shape)}; expected (windows, {expected[0]}, {expected[1]})"
                )
            projected.append(getattr(self, f"{modality}_projection")(self._normalised(modality, features)))
        return projected[0], projected[1]

    def _normalised(self, modality: str, features: Tensor) -> Tensor:
        if self.config.normalise is Normalisation.ZSCORE:
            return (features - getattr(self, f"{modality}_mean")) / getattr(self, f"{modality}_scale")
        return F.normalize(features, dim=-1) if self.config.normalise is Normalisation.L2 else features


def contribution(features: Tensor, residual: Tensor | None) -> Tensor | None:
    """The share of a clip's attended feature that came from attention.

    Choice: the paper plots "attention scores" without defining them; this one exists for every fusion.

    Args:
        features: (B, L, D), X_m.
        residual: (B, L, D), what attention added, or None.

    Returns:
        (B, L) in [0, 1]: |residual| / (|X| + |residual|), L2 norms over D; NaN for 0/0; None without residual.
    """
    if residual is None:
        return None
    added = residual.norm(dim=-1)
    return added / (features.norm(dim=-1) + added)


def _received(attention_map: Tensor | None, over_clips: bool) -> Tensor | None:
    """How much all clips attend to each clip: row sum of a map over clips, divided by L."""
    return attention_map.mean(dim=-1) if over_clips and attention_map is not None else None


def _explain(trunk: TrunkOutput, return_features: bool, return_maps: bool) -> Explanation:
    attended, gated = trunk.attended, trunk.gated
    explanation = Explanation(
        audio_attention=attended.audio_map if return_maps else None,
        visual_attention=attended.visual_map if return_maps else None,
        audio_attention_contribution=contribution(attended.audio, attended.audio_residual),
        visual_attention_contribution=contribution(attended.visual, attended.visual_residual),
        audio_attention_received=_received(attended.audio_map, attended.maps_over_clips),
        visual_attention_received=_received(attended.visual_map, attended.maps_over_clips),
    )
    if gated is not None:
        explanation = explanation._replace(
            stage1_audio_weights=gated.stage1_audio_weights,
            stage1_visual_weights=gated.stage1_visual_weights,
            stage2_weights=gated.stage2_weights,
        )
    if not return_features:
        return explanation
    explanation = explanation._replace(
        audio=attended.audio,
        visual=attended.visual,
        correlation=attended.correlation,
        attended_audio=attended.attended_audio,
        attended_visual=attended.attended_visual,
    )
    if gated is None:
        return explanation
    return explanation._replace(
        stage1_audio_logits=gated.stage1_audio_logits,
        stage1_visual_logits=gated.stage1_visual_logits,
        gated_audio=gated.gated_audio,
        gated_visual=gated.gated_visual,
        joint=gated.joint,
        stage2_logits=gated.stage2_logits,
        fused=gated.fused,
    )


def build_head(input_dim: int, hidden: int = 128, dropout: float = 0.3) -> nn.Sequential:
    """Build a regression head: linear, ReLU, dropout, linear to one value; no tanh.

    Source: the two linear layers of the paper's prediction head.

    Args:
        input_dim: Dimension of the feature it receives.
        hidden: Hidden units.
        dropout: Share in [0, 1).

    Returns:
        A module from (..., input_dim) to (..., 1), unbounded.
    """
    return nn.Sequential(nn.Linear(input_dim, hidden), nn.ReLU(), nn.Dropout(dropout), nn.Linear(hidden, 1))
