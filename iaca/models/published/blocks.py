"""The layers of the authors' published networks, under the names of their weight files.

Source: the public code beside the papers: praveena2j/RecurrentJointAttentionwithLSTMs (RJCA, ICASSP 2023),
praveena2j/Joint-Cross-Attention-for-Audio-Visual-Fusion (JCA, T-BIOM 2023), praveena2j/Dynamic-CrossAttention (DCA,
ICME 2024). Layer order and parameter names are theirs, read there; the code is not.

Shapes: B windows of L = 16 clips, D = 512. Everything is batch-first, and on a CPU runs in pieces that fit its cache.
"""

from __future__ import annotations

from typing import NamedTuple, cast

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from iaca.models.onednn import linear, product

CLIPS = 16
"""L: the networks mix along this axis with 16 x 16 weights, so no other length can be given."""

DIM = 512
"""D: dimension of the audio features and of everything after the spatial attention."""

POSITIONS = 49
"""Positions of the visual map, 7 x 7."""

VISUAL_DIM = POSITIONS * DIM
"""Dimension of the flattened, un-pooled visual map."""


class SequenceBlock(nn.Module):
    """Bidirectional two-layer LSTM with a learned initial state and a skip to a linear layer; outputs have length 1.

    Source: `audio_extract`, `video_extract` and `Joint` of the published files.

    Args:
        in_features: Dimension of the input.
        dropout: Dropout between the layers and before the linear layer, a share.
    """

    windows_at_once = 128

    def __init__(self, in_features: int, dropout: float) -> None:
        super().__init__()
        self.init_hidden = nn.Parameter(nn.init.xavier_uniform_(torch.empty(8, DIM // 2)))
        self.linear = nn.Linear(in_features + DIM, DIM)
        self.rnn = nn.LSTM(in_features, DIM // 2, num_layers=2, dropout=dropout, bidirectional=True, batch_first=True)
        self.dropout = nn.Dropout(dropout)

    def forward(self, x: Tensor) -> Tensor:
        """Run the block.

        Args:
            x: (B, L, in_features).

        Returns:
            (B, L, D), each clip's vector of length 1.
        """
        return torch.cat([self._run(part) for part in _pieces(x, self.windows_at_once)])

    def _run(self, x: Tensor) -> Tensor:
        # Rows: h0 of layer 0 forward, layer 0 backward, layer 1 forward, layer 1 backward, then c0 likewise.
        h0, c0 = self.init_hidden[:, None].expand(-1, len(x), -1).contiguous().chunk(2)
        y, _ = self.rnn(x, (h0, c0))
        return F.normalize(linear(self.linear, self.dropout(torch.cat([x, y], dim=-1))), dim=-1)


class SpatialAttention(nn.Module):
    """Spatial attention: the audio feature weighs the 49 positions of the visual map.

    Source: `video_attn.attn` of the published files.
    """

    clips_at_once = 32

    def __init__(self) -> None:
        super().__init__()
        self.affine_audio = nn.Linear(DIM, DIM)
        self.affine_video = nn.Linear(DIM, DIM)
        self.affine_v = nn.Linear(DIM, POSITIONS, bias=False)
        self.affine_g = nn.Linear(DIM, POSITIONS, bias=False)
        self.affine_h = nn.Linear(POSITIONS, 1, bias=False)
        self.affine_feat = nn.Linear(DIM, DIM)

    def forward(self, visual: Tensor, audio: Tensor) -> Tensor:
        """Weigh the positions of each clip's map.

        Choice: the maps are normalised to length 1 here, piece by piece, so that a long video is not copied whole.

        Args:
            visual: (B, L, 25088), flattened maps.
            audio: (B, L, D).

        Returns:
            (B, L, D).
        """
        guide = linear(self.affine_g, linear(self.affine_audio, audio, "relu"))
        pieces = zip(
            _pieces(visual.flatten(0, 1), self.clips_at_once),
            _pieces(guide.flatten(0, 1), self.clips_at_once),
            strict=True,
        )
        seen = torch.cat([self._look(v, g) for v, g in pieces])
        return linear(self.affine_feat, seen.unflatten(0, audio.shape[:2]))

    def _look(self, visual: Tensor, guide: Tensor) -> Tensor:
        # A plain view of a channel-first map, not a transpose: "place" p holds flat values 512p to 512p + 511. The
        # published weights were trained that way.
        places = F.normalize(visual, dim=-1).view(-1, POSITIONS, DIM)
        content = linear(self.affine_v, linear(self.affine_video, places, "relu")) + guide[..., None]
        weights = self.affine_h(content.tanh_()).squeeze(-1).softmax(dim=-1)
        return torch.bmm(weights[:, None], places).squeeze(1)


class CoAttended(NamedTuple):
    """What one layer of joint cross-attention returns.

    Attributes:
        visual: (B, L, D), attended.
        audio: (B, L, D), attended.
        visual_map: (B, D, 2D) in [-1, 1], correlation of each visual feature with each joint feature; None where the
            maps were not asked for.
        audio_map: (B, D, 2D), likewise.
    """

    visual: Tensor
    audio: Tensor
    visual_map: Tensor | None
    audio_map: Tensor | None


class JointAttention(nn.Module):
    """Projections of one layer of joint cross-attention; "1" is visual and "2" is audio, as in the published files.

    Source: `coattn.dcn_layers.i.dense_coattn` of the published files.

    Args:
        dropout: Dropout of the correlations in training, a share.
    """

    def __init__(self, dropout: float) -> None:
        super().__init__()
        self.query_linear = nn.Linear(2 * DIM, 2 * DIM)
        self.key1_linear = nn.Linear(CLIPS, CLIPS)
        self.key2_linear = nn.Linear(CLIPS, CLIPS)
        self.value1_linear = nn.Linear(DIM, DIM)
        self.value2_linear = nn.Linear(DIM, DIM)
        self.dropout = nn.Dropout(dropout)

    def forward(self, visual: Tensor, audio: Tensor, with_maps: bool = True) -> CoAttended:
        """Correlate each modality with both.

        Args:
            visual: (B, L, D).
            audio: (B, L, D).
            with_maps: Whether the maps are kept.

        Returns:
            Weighted features (B, L, 2D) in [0, 1], in the places of the attended ones, and the maps.
        """
        joint = linear(self.query_linear, torch.cat([visual, audio], dim=-1))
        scale = joint.shape[-1] ** -0.5  # 1/32, so that it rounds nothing where it is applied
        visual_key = self.key1_linear(visual.transpose(1, 2)) * scale
        audio_key = self.key2_linear(audio.transpose(1, 2)) * scale
        weighted_visual, visual_map = self._correlate(visual_key, joint, linear(self.value1_linear, visual), with_maps)
        weighted_audio, audio_map = self._correlate(audio_key, joint, linear(self.value2_linear, audio), with_maps)
        return CoAttended(weighted_visual, weighted_audio, visual_map, audio_map)

    def _correlate(self, key: Tensor, joint: Tensor, value: Tensor, with_map: bool) -> tuple[Tensor, Tensor | None]:
        if not key.is_cpu or (torch.is_grad_enabled() and any(x.requires_grad for x in (key, joint, value))):
            scores = self.dropout(torch.tanh(torch.bmm(key, joint)))
            return F.relu(torch.tanh(torch.bmm(value, scores))), scores
        # Window by window, each 2 MiB map in turn in the cache; transposed, as products take their second factor.
        weighted, maps = [], []
        for window_joint, window_key, window_value in zip(joint.transpose(1, 2).contiguous(), key, value, strict=True):
            scores = self.dropout(product(window_joint, window_key, then="tanh"))  # (2D, D)
            weighted.append(product(scores, window_value, then="tanh"))  # (2D, L)
            if with_map:
                maps.append(scores)
        attended = torch.stack(weighted) if weighted else joint.new_empty(0, joint.shape[2], CLIPS)
        if not with_map:
            return F.relu(attended.transpose(1, 2)), None
        kept = torch.stack(maps) if maps else joint.new_empty(0, joint.shape[2], DIM)
        return F.relu(attended.transpose(1, 2)), kept.transpose(1, 2)


class CoAttentionLayer(nn.Module):
    """One layer of joint cross-attention with its residual connection.

    Source: `coattn.dcn_layers.i` of the published files.

    Args:
        dropout: Dropout in training, a share.
    """

    def __init__(self, dropout: float = 0.6) -> None:
        super().__init__()
        self.dense_coattn = JointAttention(dropout)
        self.linears = nn.ModuleList(
            nn.Sequential(nn.Linear(2 * DIM, DIM), nn.ReLU(inplace=True), nn.Dropout(dropout)) for _ in range(2)
        )

    def forward(self, visual: Tensor, audio: Tensor, with_maps: bool = True) -> CoAttended:
        """Attend once.

        Args:
            visual: (B, L, D).
            audio: (B, L, D).
            with_maps: Whether the maps are kept.

        Returns:
            Attended features, and the maps that they came from.
        """
        weighted = self.dense_coattn(visual, audio, with_maps)
        return weighted._replace(
            visual=visual + self._reduced(0, weighted.visual), audio=audio + self._reduced(1, weighted.audio)
        )

    def _reduced(self, modality: int, weighted: Tensor) -> Tensor:
        layer, _, dropout = cast(nn.Sequential, self.linears[modality])
        return dropout(linear(cast(nn.Linear, layer), weighted, "relu"))


def _pieces(x: Tensor, at_once: int) -> tuple[Tensor, ...]:
    """Pieces for the cache of a CPU; a GPU is given all at once."""
    return x.split(at_once) if x.is_cpu else (x,)
