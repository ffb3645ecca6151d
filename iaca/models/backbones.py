"""Backbones: pictures or spectrogram of one clip -> its feature.

All of them are residual networks built from torchvision's blocks. `features` is what a feature file stores;
calling the network predicts valence and arousal, which is how it is trained.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional
from torchvision.models import resnet, video
from torchvision.models.video.resnet import BasicBlock as VideoBlock
from torchvision.models.video.resnet import Conv3DSimple

from iaca.config import AUDIO, TARGETS, VISUAL, Architecture, BackboneConfig, ConfigError

FULL_WIDTH_DIM = 512
"""Channels of the last block of the networks that torchvision ships."""

CHANNEL_STEP = 8
"""Trap: with 4 or 6 channels, channels-last, the backward pass of a convolution crashes the process on a CPU."""

UNPOOLED_DIM = 25_088
"""Values in the un-pooled map of R(2+1)D-18 for 8 pictures of 112x112: 512 x 1 x 7 x 7, flattened."""


class Backbone(nn.Module):
    """A residual network, its feature, and a linear head that predicts valence and arousal.

    Args:
        config: What is built.
        body: Network from input to a map (B, C, ...).
        channels: C.
        memory_format: Layout in which convolutions run; channels-last is several times faster on a CPU.
    """

    def __init__(
        self, config: BackboneConfig, body: nn.Module, channels: int, memory_format: torch.memory_format
    ) -> None:
        super().__init__()
        self.config = config
        self.body = body
        self.projection = nn.Linear(channels, config.dim) if config.arch is Architecture.SLIM else nn.Identity()
        self.head = nn.Linear(config.dim, len(TARGETS))
        self._memory_format = memory_format
        self.to(memory_format=memory_format)

    @property
    def feature_dim(self) -> int:
        """Values in a feature: `dim`, except for R(2+1)D-18, whose map is not pooled."""
        return UNPOOLED_DIM if self.config.arch is Architecture.R2PLUS1D_18 else self.config.dim

    def features(self, x: Tensor) -> Tensor:
        """Extract one feature per clip.

        Args:
            x: (B, 3, 8, 112, 112) pictures or (B, 1, 64, F) spectrograms, normalised; zeros where missing.

        Returns:
            (B, feature_dim).
        """
        x = self._map(x)
        return x.flatten(1) if self.config.arch is Architecture.R2PLUS1D_18 else self._pooled(x)

    def forward(self, x: Tensor) -> Tensor:
        """Predict valence and arousal of the last frame of each clip.

        Args:
            x: As in `features`.

        Returns:
            (B, 2) in [-1, 1].
        """
        return torch.tanh(self.head(functional.relu(self._pooled(self._map(x)))))

    def _map(self, x: Tensor) -> Tensor:
        return self.body(x.contiguous(memory_format=self._memory_format))

    def _pooled(self, x: Tensor) -> Tensor:
        return self.projection(x.flatten(2).mean(2))


def build_backbone(config: BackboneConfig) -> Backbone:
    """Build an untrained backbone.

    Source: R3D-18 and R(2+1)D-18 (Tran et al., CVPR 2018) and ResNet-18 (He et al., CVPR 2016) as torchvision builds
    them; `resnet18` has a first layer of one channel. Choice: `slim` has the blocks of R3D-18 or ResNet-18 at a quarter
    of their width, a max-pool after the stem, and a linear map to `dim`; the visual stem also halves time, which trains
    2.2 times faster.

    Args:
        config: Which one. The full-width networks have `dim` 512.

    Returns:
        The network, in training mode, with random weights.

    Raises:
        ConfigError: `dim` or `width` does not fit the network.
    """
    memory_format = torch.channels_last_3d if config.modality == VISUAL else torch.channels_last
    if config.arch is Architecture.SLIM:
        if config.width % CHANNEL_STEP:
            raise ConfigError(f"width is {config.width}; expected a multiple of {CHANNEL_STEP}")
        body = _slim_visual(config.width) if config.modality == VISUAL else _slim_audio(config.width)
        return Backbone(config, body, 8 * config.width, memory_format)
    if config.dim != FULL_WIDTH_DIM:
        raise ConfigError(f"dim is {config.dim} and arch is {config.arch.value!r}; expected {FULL_WIDTH_DIM}")
    if config.modality == AUDIO:
        network = resnet.resnet18(weights=None)
        network.conv1 = nn.Conv2d(1, 64, 7, 2, 3, bias=False)
        nn.init.kaiming_normal_(network.conv1.weight, mode="fan_out", nonlinearity="relu")
    else:
        network = {Architecture.R3D_18: video.r3d_18, Architecture.R2PLUS1D_18: video.r2plus1d_18}[config.arch](
            weights=None
        )
    children = [(name, child) for name, child in network.named_children() if name not in ("avgpool", "fc")]
    body = nn.Sequential()
    for name, child in children:  # torchvision's own names, so that its weight files fit
        body.add_module(name, child)
    return Backbone(config, body, FULL_WIDTH_DIM, memory_format)


def inflate(network: Backbone) -> Backbone:
    """Turn a network trained on single pictures into a starting point for whole clips, in place.

    A clip of one picture meets only the middle slice of every temporal kernel. Each kernel becomes that slice, spread
    evenly over its length, so that a still clip gives about the output that its picture gave.
    Source: Carreira & Zisserman, CVPR 2017 (arXiv:1705.07750), section 2.4.

    Args:
        network: A visual backbone.

    Returns:
        The same network.
    """
    for module in network.modules():
        if isinstance(module, nn.Conv3d):
            length = module.kernel_size[0]
            middle = module.weight.data[:, :, length // 2 : length // 2 + 1]
            module.weight.data.copy_(middle.expand_as(module.weight) / length)
    return network


def _slim_visual(width: int) -> nn.Sequential:
    def stage(inputs: int, outputs: int, stride: int) -> nn.Sequential:
        shortcut = None
        if stride != 1:
            shortcut = nn.Sequential(nn.Conv3d(inputs, outputs, 1, stride, bias=False), nn.BatchNorm3d(outputs))
        return nn.Sequential(
            VideoBlock(inputs, outputs, Conv3DSimple, stride, shortcut), VideoBlock(outputs, outputs, Conv3DSimple)
        )

    return nn.Sequential(
        nn.Conv3d(3, width, (3, 7, 7), (2, 2, 2), (1, 3, 3), bias=False),
        nn.BatchNorm3d(width),
        nn.ReLU(inplace=True),
        nn.MaxPool3d((1, 2, 2)),
        stage(width, width, 1),
        stage(width, 2 * width, 2),
        stage(2 * width, 4 * width, 2),
        stage(4 * width, 8 * width, 2),
    )


def _slim_audio(width: int) -> nn.Sequential:
    def stage(inputs: int, outputs: int, stride: int) -> nn.Sequential:
        shortcut = None
        if stride != 1:
            shortcut = nn.Sequential(nn.Conv2d(inputs, outputs, 1, stride, bias=False), nn.BatchNorm2d(outputs))
        return nn.Sequential(resnet.BasicBlock(inputs, outputs, stride, shortcut), resnet.BasicBlock(outputs, outputs))

    return nn.Sequential(
        nn.Conv2d(1, width, 7, 2, 3, bias=False),
        nn.BatchNorm2d(width),
        nn.ReLU(inplace=True),
        nn.MaxPool2d(3, 2, 1),
        stage(width, width, 1),
        stage(width, 2 * width, 2),
        stage(2 * width, 4 * width, 2),
        stage(4 * width, 8 * width, 2),
    )
