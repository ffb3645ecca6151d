"""The state of a training run on disk: a run that was killed continues as if nothing had happened."""

from __future__ import annotations

import io
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import nn

from iaca.compute.repeatable import Repetition
from iaca.errors import InputError
from iaca.files import write_whole

PARTS = ("model", "optimiser", "schedule")
"""Parts of a run with a state dict."""


class StateError(InputError):
    """A state file that this run cannot continue from: the message names the file and what was expected."""


@dataclass(frozen=True)
class TrainingState:
    """The state of a training run, and the file that it is kept in.

    Attributes:
        path: The file; None: nothing is kept.
        identity: Everything that the result of the run depends on, which tells it from other runs.
        model: The network.
        optimiser: Optimiser of its weights.
        schedule: Schedule of the learning rate.
        repetition: What the run was computed on, here and before it was taken up again.
    """

    path: Path | None
    identity: str
    model: nn.Module
    optimiser: torch.optim.Optimizer
    schedule: Any
    repetition: Repetition

    def load(self, device: torch.device) -> dict[str, Any] | None:
        """Restore network, optimiser and schedule.

        Args:
            device: Device of the restored tensors.

        Returns:
            What `save` was given, or None where no state is kept yet.

        Raises:
            StateError: The file is damaged, or belongs to another run.
        """
        if self.path is None or not self.path.is_file():
            return None
        try:
            saved = torch.load(self.path, map_location=device, weights_only=True)
            if saved["identity"] == self.identity:
                for name in PARTS:
                    getattr(self, name).load_state_dict(saved[name])
                self.repetition.places = saved["places"]
                return saved["progress"]
        except OSError:
            raise
        except Exception as error:
            # A damaged pickle can raise anything, and all of it means the same.
            raise StateError(f"{self.path} is not the state of a run; remove it to start again") from error
        raise StateError(
            f"{self.path} belongs to another run; expected the same model, settings and data: remove it to start again"
        )

    def save(self, progress: dict[str, Any]) -> None:
        """Write the state, whole or not at all.

        Args:
            progress: Numbers, lists and tensors that the run needs besides, to continue.

        Raises:
            OSError: The file cannot be written; the previous one is still there.
        """
        if self.path is None:
            return
        buffer = io.BytesIO()
        state = {name: getattr(self, name).state_dict() for name in PARTS}
        torch.save({"identity": self.identity, "places": self.repetition.places, "progress": progress} | state, buffer)
        write_whole(self.path, buffer.getvalue())
