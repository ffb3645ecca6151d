"""What every refusal of bad input has in common."""

from __future__ import annotations


class InputError(ValueError):
    """Bad input, told in one sentence that names the file, the value and what was expected.

    The command line and the page print it as it is; every error class of the project is one.
    """
