"""What every refusal of bad input has in common."""

from __future__ import annotations


class InputError(ValueError):
    """Bad input, told in one sentence that names the file, the value and what was expected.

    The command line and the page print it as it is; every error class of the project is one.
    """


class CheckpointError(InputError):
    """A checkpoint that cannot be used: the message names the file, what was found and what was expected."""


BAD_INPUT = (InputError, OSError)
"""Errors of the user's files and settings: their message is one sentence for the page."""


def is_out_of_memory(error: BaseException) -> bool:
    """Whether an error says that a GPU's memory has run out; libraries of CUDA say it in words of their own."""
    said = str(error)
    return isinstance(error, RuntimeError) and (
        type(error).__name__ == "OutOfMemoryError"  # torch's, without loading torch
        or "CUDA error: out of memory" in said
        or "STATUS_ALLOC_FAILED" in said
    )
