"""Face detectors for tests; they are sent to other processes, so they live in a module that can be imported."""

from __future__ import annotations

import os
import signal
import time

from iaca.data.faces.tracks import Detection


class Everywhere:
    """A face in the middle of every picture."""

    name = "everywhere"

    def detect(self, picture):
        return [Detection(picture.shape[1] / 2, picture.shape[0] / 2, 60.0, 0.0, 1.0)]


class Nowhere:
    name = "nowhere"

    def detect(self, picture):
        return []


class Deadly:
    """Ends the process that it is in, as a decoder does that a file makes do so."""

    name = "deadly"

    def detect(self, picture):
        os.kill(os.getpid(), signal.SIGSEGV)


_held = []


def grown(size):
    """Hold `size` bytes for good, and return the process's number."""
    _held.append(bytearray(size))
    return os.getpid()


class Greedy:
    """Takes more memory than there is."""

    name = "greedy"

    def detect(self, picture):
        return [bytearray(2**30) for _ in range(64)]


class Endless:
    name = "endless"

    def detect(self, picture):
        time.sleep(600)
