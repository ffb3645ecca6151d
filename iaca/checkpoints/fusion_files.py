"""Self-describing checkpoints: safetensors whose header holds everything needed to rebuild the model."""

from __future__ import annotations

import os
from contextlib import nullcontext
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch

from iaca.checkpoints.published_files import describe_weights, load_published
from iaca.checkpoints.symbols import symbols
from iaca.checkpoints.tensor_files import (
    FUSION,
    check_tensors,
    read_checkpoint_file,
    unnamed_backbones,
    write_checkpoint_file,
)
from iaca.checkpoints.torch_files import is_torch_file
from iaca.config import AUDIO, MODALITIES, VISUAL, ConfigError, FusionConfig
from iaca.errors import CheckpointError
from iaca.headers import CHECKSUM
from iaca.models.fusion_model import FusionModel
from iaca.models.fusions.registry import MapRows, fusion_names, registered_fusion
from iaca.models.published.network import FusionNetwork, PublishedNetwork
from iaca.resources import weights_file
from iaca.summaries import summary_html, summary_text


@dataclass(frozen=True)
class Checkpoint:
    """A fusion model read from a file.

    Attributes:
        path: The file.
        model: The model, float32, in eval mode: a `FusionModel`, or a `PublishedNetwork` of the authors.
        config: Its configuration; for a published network the nearest one.
        backbones: Modality -> {"name", "sha256"} of the backbones whose features it was trained on.
        training: How it was trained: settings, seed, fingerprint of the training features.
        scores: What it scored when it was saved.
        created_by: Program and version that wrote it.
        checksum: CRC-32 of the file's content; "" for files of 0.1.0 and of the authors, where damage goes unnoticed.
    """

    path: Path
    model: FusionNetwork
    config: FusionConfig
    backbones: dict[str, dict[str, str]] = field(default_factory=dict)
    training: dict[str, Any] = field(default_factory=dict)
    scores: dict[str, Any] = field(default_factory=dict)
    created_by: str = ""
    checksum: str = ""

    @property
    def name(self) -> str:
        """File name without its ending."""
        return self.path.stem

    @property
    def title(self) -> str:
        """Its name on screen: CA, CA+IACA, ..., or which published network it is."""
        return self.model.kind if isinstance(self.model, PublishedNetwork) else self.model.title

    @property
    def map_rows(self) -> dict[str, str]:
        """Modality of a map over clips -> modality of the clips that its rows stand for; columns are of the other."""
        if registered_fusion(self.config.fusion).map_rows is MapRows.OTHER:
            return {AUDIO: VISUAL, VISUAL: AUDIO}
        return {modality: modality for modality in MODALITIES}

    def describe(self) -> dict[str, Any]:
        """What the file holds, in plain values: at least `fusion`, `iaca`, dimensions, training and scores."""
        return {
            "name": self.name,
            "kind": FUSION,
            "title": self.title,
            **self.config.to_dict(),
            "parameters": sum(p.numel() for p in self.model.parameters()),
            "symbols": symbols(self.config) if isinstance(self.model, FusionModel) else {},
            "backbones": self.backbones,
            "training": self.training,
            "scores": self.scores,
            "created_by": self.created_by,
            "checksum": self.checksum,
        }

    def __repr__(self) -> str:
        return summary_text(*self._summary())

    def _repr_html_(self) -> str:
        return summary_html(*self._summary())

    def _summary(self) -> tuple[str, dict[str, str]]:
        names = {modality: backbone.get("name", "") for modality, backbone in self.backbones.items()}
        dims = {AUDIO: self.config.audio_dim, VISUAL: self.config.visual_dim}
        subjects, stride = self.training.get("subjects"), self.training.get("clip_stride")
        return f"Checkpoint {self.name}", {
            "model": f"{self.title}, {sum(p.numel() for p in self.model.parameters()):,} parameters",
            **{m: f"{dim} dimensions" + (f" from {names[m]}" if names.get(m) else "") for m, dim in dims.items()},
            "window": f"{self.config.clips} clips",
            "targets": ", ".join(self.config.targets),
            "trained on": f"{subjects} subjects, a clip every {stride} frames" if subjects else "",
            "scores": ", ".join(
                f"{t} CCC {s['ccc']:.3f}"
                for t, s in self.scores.items()
                if isinstance(s, dict) and isinstance(s.get("ccc"), int | float)
            ),
            "file": str(self.path),
            "written by": self.created_by,
        }


def save_checkpoint(
    path: str | os.PathLike[str],
    model: FusionModel,
    *,
    backbones: dict[str, dict[str, str]],
    training: dict[str, Any] | None = None,
    scores: dict[str, Any] | None = None,
    dtype: torch.dtype = torch.float32,
) -> None:
    """Write a fusion model whole, or not at all.

    Args:
        path: The file, ending in .safetensors.
        model: The model.
        backbones: Modality -> {"name", "sha256"} of its features.
        training: Settings, seed, fingerprint.
        scores: Scores to keep in the header.
        dtype: How weights are stored; float16 halves the file and rounds the weights.

    Raises:
        CheckpointError: A weight is not finite or too large, as after training that failed, or a modality has no
            backbone.
        OSError: The file cannot be written; nothing is left of it.
    """
    missing = [modality for modality in MODALITIES if modality not in backbones]
    if missing:
        raise CheckpointError(f"{path}: {unnamed_backbones(missing)}")
    header = {
        "kind": FUSION,
        "config": model.config.to_dict(),
        "plugin": registered_fusion(model.config.fusion).plugin,
        "backbones": backbones,
        "training": training or {},
        "scores": scores or {},
    }
    write_checkpoint_file(Path(path), model, header, dtype)


def load_checkpoint(path: str | os.PathLike[str], device: str | torch.device = "cpu") -> Checkpoint:
    """Read a fusion model; nothing but the file is needed.

    Args:
        path: A .safetensors file written by `save_checkpoint`, the name of one that ships, such as "ca_iaca", or a
            weight file that the authors published.
        device: Where the model goes.

    Returns:
        The model in float32 and eval mode, with its configuration and history.

    Raises:
        CheckpointError: The file is missing, damaged, a backbone, of a newer version, its header has another shape, its
            tensors are not those of its configuration, or a weight is not finite or too large.
    """
    path = weights_file(path)
    if is_torch_file(path):
        network, file = load_published(path, device)
        scores = {"valence": {"ccc": file.best_valence_ccc}, "arousal": {"ccc": file.best_arousal_ccc}}
        return Checkpoint(path, network, network.config, scores=scores, created_by="the authors")
    header, tensors = read_checkpoint_file(path)
    if header["kind"] != FUSION:
        raise CheckpointError(f"{path} is a {header['kind']}, not a fusion model; use iaca.load_backbone for it")
    try:
        config = FusionConfig.from_dict(header["config"])
        plugin = header.get("plugin")
        if plugin and config.fusion not in fusion_names():
            raise CheckpointError(
                f"{path} needs fusion {config.fusion!r} of plugin {plugin!r}; name it if you trust it: "
                f"--plugin {plugin} or IACA_PLUGINS={plugin}"
            )
        if plugin and registered_fusion(config.fusion).plugin is None:
            raise CheckpointError(
                f"{path} needs plugin {plugin!r} for {config.fusion!r}, which needs none; expected null"
            )
        # Without memory first: a damaged header may ask for any size. Code of others need not work so.
        with nullcontext() if plugin else torch.device("meta"):
            model = FusionModel(config)
        check_tensors(path, model, tensors)
        for modality in MODALITIES:
            if not (tensors[f"{modality}_scale"] > 0).all():
                raise CheckpointError(f"{path}: tensor '{modality}_scale' falls to 0 or below; expected scales above 0")
        if not plugin:
            model = FusionModel(config)
    except ConfigError as error:
        raise CheckpointError(f"{path} cannot be rebuilt: {error}") from error
    model.load_state_dict(tensors)
    return Checkpoint(
        path,
        model.to(device).eval().requires_grad_(False),
        config,
        header["backbones"],
        header["training"],
        header["scores"],
        header["created_by"],
        header.get(CHECKSUM, ""),
    )


def describe_file(path: str | os.PathLike[str]) -> dict[str, Any]:
    """Describe a file in plain values: a model or backbone of this project, a file of the authors, or another.

    Raises:
        CheckpointError: It is missing or damaged.
        WeightFileError: A file that torch saved and that cannot be read without running code from it.
    """
    path = weights_file(path)
    if is_torch_file(path):
        return describe_weights(path).describe()
    header, _ = read_checkpoint_file(path)
    if header["kind"] == FUSION:
        return load_checkpoint(path).describe()
    return {"name": path.stem, **header}
