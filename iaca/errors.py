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
