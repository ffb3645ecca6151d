"""Leader-follower attention: the visual feature leads.

Only the fusion stage of the publication is rebuilt, not its backbones, losses and ensembles, so its published scores
are not those of this fusion.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from iaca.config import AUDIO, MODALITIES, VISUAL, FusionConfig
from iaca.models.fusions.registry import register_fusion
from iaca.models.sequence_layers import build_tcn
from iaca.types import Attended


class LeaderFollower(nn.Module):
    """Leader-follower attention: the visual feature leads, and attention over both modalities follows it.

    Source: Zhang et al., ABAW2, arXiv:2107.01175: a TCN per modality; per clip, queries, keys and values of both
    modalities; scaled dot-product attention among them; the leader is concatenated to what follows.
    Choice: attention runs over the two modalities of one clip, and the follower is the mean of both answers.

    Args:
        config: `dim` and `attention_dropout`.
    """

    def __init__(self, config: FusionConfig) -> None:
        super().__init__()
        self.audio = build_tcn(config)
        self.visual = build_tcn(config)
        self.query_key_value = nn.ModuleDict({m: nn.Linear(config.dim, 3 * config.dim) for m in MODALITIES})
        self.norm = nn.LayerNorm(config.dim)

    def forward(self, audio: Tensor, visual: Tensor) -> Attended:
        """Fuse both modalities.

        Args:
            audio: (B, L, D).
            visual: (B, L, D).

        Returns:
            The follower as attended audio feature, the leader as the visual one; no map over clips.
        """
        heard, leader = self.audio(audio), self.visual(visual)
        projected = torch.stack((self.query_key_value[AUDIO](heard), self.query_key_value[VISUAL](leader)), dim=2)
        query, key, value = projected.chunk(3, dim=-1)  # (B, L, 2, D) each
        follower = self.norm(F.scaled_dot_product_attention(query, key, value).mean(dim=2) + heard)
        return Attended(audio, visual, follower, leader, follower - audio, leader - visual)


register_fusion("leader_follower", LeaderFollower, title="Leader-follower", order=5)
