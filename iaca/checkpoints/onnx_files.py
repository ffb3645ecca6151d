"""ONNX files of models, for programs without torch: predictions, gates and attention scores."""

from __future__ import annotations

import copy
import importlib.util
import json
import logging
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from functools import lru_cache
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from iaca.checkpoints.fusion_files import Checkpoint
from iaca.config import AROUSAL, AUDIO, TARGETS, VALENCE, VISUAL
from iaca.errors import InputError
from iaca.files import write_whole
from iaca.models.fusion_model import FusionModel
from iaca.models.fusions.registry import registered_fusion
from iaca.types import Explanation, FusionOutput

PACKAGES = ("onnx", "onnxscript", "onnxruntime")
"""The packages of the extra `export`."""

INPUTS = (AUDIO, VISUAL)
EXPLAINED = {
    "stage1_audio_weights": "windows x clips x 2: weights of the self- and of the cross-attended audio, sum 1",
    "stage1_visual_weights": "windows x clips x 2: weights of the self- and of the cross-attended visual, sum 1",
    "stage2_weights": "windows x clips x 3: weights of audio, visual and joint, sum 1",
    "audio_attention_contribution": "windows x clips: share of the attended audio that attention added, 0 to 1",
    "visual_attention_contribution": "windows x clips: share of the attended visual that attention added, 0 to 1",
    "audio_attention_received": "windows x clips: row sum of the audio map / clips, sum 1",
    "visual_attention_received": "windows x clips: row sum of the visual map / clips, sum 1",
}
"""Fields of an Explanation that are exported, where the model has them; each is named <target>_<field>."""

DESCRIPTION, BACKBONES, OUTPUTS = "description", "backbones", "outputs"
"""Keys of the file's metadata; each value is JSON."""

CHECKED_WINDOWS = (1, 5)
"""Batch sizes at which an exported model is compared with its original."""

MOST_DIFFERENCE = 1e-4
"""Rounding alone stays far below it: another order of summation moves the last digits of float32."""


class ExportError(InputError):
    """A model that cannot be exported: the message says why, and what to do."""


class _NamedOutputs(nn.Module):
    """A model whose outputs are a flat tuple, as ONNX has them."""

    def __init__(self, model: FusionModel) -> None:
        super().__init__()
        self.model = model

    def forward(self, audio: Tensor, visual: Tensor) -> tuple[Tensor, ...]:
        return tuple(named_outputs(self.model(audio, visual)).values())


def named_outputs(output: FusionOutput) -> dict[str, Tensor]:
    """The outputs that are exported: `valence`, `arousal`, and `<target>_<field>` for the fields of `EXPLAINED`.

    A part that the model does not have is left out. A model with a shared trunk has one explanation, under the names
    of both targets.
    """
    found = {target: getattr(output, target) for target in TARGETS if getattr(output, target) is not None}
    for target, explanation in output.explanations.items():
        for field in EXPLAINED:
            values = getattr(explanation, field)
            if values is not None:
                found[f"{target}_{field}"] = values
    return found


def export_onnx(checkpoint: Checkpoint, path: Path) -> float:
    """Write a model as an ONNX file, whole or not at all.

    Inputs are `audio` (windows, L, D_a) and `visual` (windows, L, D_v), float32, raw features of the backbones that the
    metadata names; the number of windows is free. Outputs are those of `named_outputs`. The metadata holds, as JSON,
    `description` (that of `Checkpoint.describe`), `backbones`, and `outputs`: name -> shape, meaning and range.

    Args:
        checkpoint: A fusion model of this project.
        path: The file, ending in .onnx.

    Returns:
        The largest difference of an output between the file, run by onnxruntime, and the model.

    Raises:
        ExportError: A package is missing, the model is one of the published networks, its fusion cannot be exported,
            or the file does not agree with the model.
        OSError: The file cannot be written; nothing is left of it.
    """
    if not isinstance(checkpoint.model, FusionModel):
        raise ExportError(f"{checkpoint.path} is a {checkpoint.title}; expected a fusion model of this project")
    _check_packages(*PACKAGES)
    model = copy.deepcopy(checkpoint.model).cpu().eval().requires_grad_(False)  # tracing leaves marks on LSTMs
    with _quiet():
        content, names = _exported(checkpoint, model)
    difference = _largest_difference(content, model, names)
    if not difference <= MOST_DIFFERENCE:
        raise ExportError(
            f"{checkpoint.path}: an output of the exported model differs by {difference:.1e}; expected at most "
            f"{MOST_DIFFERENCE:.0e}: nothing was written"
        )
    write_whole(path, content)
    return difference


def is_exportable(checkpoint: Checkpoint) -> bool:
    """Whether a model can be exported here: it is this project's, with a fusion of its own, and the packages are there.

    Nothing is imported for the answer.
    """
    if not isinstance(checkpoint.model, FusionModel) or registered_fusion(checkpoint.config.fusion).plugin is not None:
        return False
    return _has_packages()


@lru_cache
def _has_packages() -> bool:
    return all(importlib.util.find_spec(name) is not None for name in PACKAGES)


class OnnxNetwork:
    """An exported model that ONNX Runtime runs: in half of torch's time on a CPU, and with outputs within 1e-5.

    Each call computes on the thread that calls; any number may call at once.

    Args:
        path: What `export_onnx` wrote.

    Raises:
        ExportError: onnxruntime is missing, or the file cannot be run.
    """

    def __init__(self, path: Path) -> None:
        _check_packages("onnxruntime")
        import onnxruntime

        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = options.inter_op_num_threads = 1
        options.enable_cpu_mem_arena = False  # no faster with it, and it gives nothing back
        try:
            self._session = onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
        except Exception as error:  # its exceptions have no common base, and differ from release to release
            raise ExportError(f"{path} cannot be run ({error}); expected a file that `iaca export` wrote") from error
        self._names = [output.name for output in self._session.get_outputs()]

    def __call__(self, audio: Tensor, visual: Tensor) -> FusionOutput:
        """Predict as the model does, with its own gates; an Explanation has the fields of `EXPLAINED`.

        Args:
            audio: (B, L, D_a) float32.
            visual: (B, L, D_v) float32.
        """
        values = self._session.run(self._names, {AUDIO: audio.numpy(), VISUAL: visual.numpy()})
        found = {name: torch.from_numpy(one) for name, one in zip(self._names, values, strict=True)}
        targets = [target for target in TARGETS if target in found]
        explanations = {
            target: Explanation(**{field: found[name] for field in EXPLAINED if (name := f"{target}_{field}") in found})
            for target in targets
        }
        return FusionOutput(found.get(VALENCE), found.get(AROUSAL), explanations)


def _check_packages(*names: str) -> None:
    for name in names:
        try:
            importlib.import_module(name)
        except ModuleNotFoundError as error:
            raise ExportError(f"{name} is not installed; ONNX files need it: pip install 'iaca[export]'") from error


@contextmanager
def _quiet() -> Iterator[None]:
    """Silence the exporter's remarks about its own internals."""
    logger = logging.getLogger("onnxscript")
    level = logger.level
    logger.setLevel(logging.ERROR)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        logger.setLevel(level)


def _exported(checkpoint: Checkpoint, model: FusionModel) -> tuple[bytes, list[str]]:
    """The file's content, and the names of its outputs."""
    inputs = _windows(model, 2)
    names = list(named_outputs(model(*inputs)))
    windows = torch.export.Dim("windows")
    try:
        program = torch.onnx.export(
            _NamedOutputs(model),
            inputs,
            dynamo=True,
            verbose=False,
            input_names=INPUTS,
            output_names=names,
            dynamic_shapes={name: {0: windows} for name in INPUTS},
        )
    except torch.onnx.errors.OnnxExporterError as error:
        reason = str(error.__cause__ or error).strip().splitlines()[0]
        raise ExportError(
            f"{checkpoint.path}: fusion {model.config.fusion!r} cannot be exported ({reason}); expected one that does "
            "not branch on values of tensors"
        ) from error
    assert program is not None
    for node in program.model.graph.all_nodes():
        node.metadata_props.clear()  # lines of source and paths of this machine
    program.model.graph.metadata_props.clear()
    program.model.metadata_props.update(_metadata(checkpoint, names))
    return program.model_proto.SerializeToString(deterministic=True), names


def _metadata(checkpoint: Checkpoint, names: list[str]) -> dict[str, str]:
    description = checkpoint.describe()
    del description["symbols"]  # names in the state dict, which ONNX does not have
    meaning = {target: f"windows x clips: {target}, unbounded; labels lie in -1 to 1" for target in TARGETS}
    meaning |= {f"{target}_{field}": text for target in TARGETS for field, text in EXPLAINED.items()}
    values: dict[str, Any] = {
        DESCRIPTION: description,
        BACKBONES: checkpoint.backbones,
        OUTPUTS: {name: meaning[name] for name in names},
    }
    return {key: json.dumps(value, sort_keys=True) for key, value in values.items()}


def _windows(model: FusionModel, windows: int) -> tuple[Tensor, Tensor]:
    """Random features like those of training, (windows, L, D_a) and (windows, L, D_v)."""
    draw = torch.Generator().manual_seed(windows)
    statistics = ((model.audio_mean, model.audio_scale), (model.visual_mean, model.visual_scale))
    audio, visual = (
        mean + scale * torch.randn(windows, model.config.clips, len(mean), generator=draw) for mean, scale in statistics
    )
    return audio, visual


def _largest_difference(content: bytes, model: FusionModel, names: list[str]) -> float:
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = torch.get_num_threads()
    session = onnxruntime.InferenceSession(content, options, providers=["CPUExecutionProvider"])
    largest = torch.zeros(())
    for count in CHECKED_WINDOWS:
        inputs = _windows(model, count)
        expected = named_outputs(model(*inputs))
        found = session.run(names, {name: values.numpy() for name, values in zip(INPUTS, inputs, strict=True)})
        for name, values in zip(names, found, strict=True):
            largest = torch.maximum(largest, (torch.from_numpy(values) - expected[name]).abs().max())
    return float(largest)
