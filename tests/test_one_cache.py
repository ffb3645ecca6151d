"""Two servers over one cache that make the same at the same moment: equal results, no error, nothing half done."""

from __future__ import annotations

import json
import pickle
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from dashboard.services.export_files import Take
from tests.dashboard.timeline.drawing import SPEC, draw, shown_models, small_features, small_models
from tests.media_files import clicks, write_media

ROOT = Path(__file__).resolve().parent.parent
SERVERS = 2
FILES = 4

SERVER = """
import hashlib, json, os, pickle, sys, time
from pathlib import Path
from dashboard.services import as_given, export_files, recordings
from iaca.config import CorruptionConfig
from iaca.files import file_state
from iaca.types import no_progress

video, cache, take, start = map(Path, sys.argv[1:])
take = pickle.loads(take.read_bytes())._replace(video=video, sounds=cache / "sounds")
(start / str(os.getpid())).touch()
while not (start / "go").exists():
    time.sleep(0.001)
noise = CorruptionConfig(kind="pink", strength=5)
made = {
    "copy": recordings._playable(file_state(video), None, cache),
    "sound": recordings.sound_summary(video, cache / "sounds"),
    "noise": as_given._make(video, noise, cache / "what_if" / "noisy.wav"),
    "film": export_files._make_film(take, cache, export_files.MP4, no_progress),
}
print(json.dumps({what: [str(file), hashlib.sha256(file.read_bytes()).hexdigest()] for what, file in made.items()}))
"""


def run_servers(folder, take):
    """What each says that it made, and what the cache holds in the end."""
    start, cache = folder / "start", folder / "cache"
    start.mkdir()
    video = write_media(folder / "video.avi", np.arange(SPEC.frames) / 25, clicks(SPEC.frames / 25, (1.0, 4.2)))
    (folder / "take").write_bytes(pickle.dumps(take))
    command = [sys.executable, "-c", SERVER, *map(str, (video, cache, folder / "take", start))]
    servers = [
        subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        for _ in range(SERVERS)
    ]
    while len(list(start.iterdir())) < SERVERS and all(server.poll() is None for server in servers):
        time.sleep(0.02)
    (start / "go").touch()
    said = [server.communicate() for server in servers]
    assert [server.returncode for server in servers] == [0] * SERVERS, said
    return [json.loads(out.splitlines()[-1]) for out, _ in said], {file for file in cache.rglob("*") if file.is_file()}


@pytest.mark.slow
def test_two_servers_make_the_same_at_once(tmp_path):
    features, models = small_features(), small_models(tmp_path)
    figure, shown = draw(features, models, None), shown_models(features, models, None)
    take = Take(
        SPEC.name, True, figure, shown, shown[0].trace.frames, None, "valence", "contribution", True, None, (0, 40)
    )
    found, kept = run_servers(tmp_path, take)
    assert found[0] == found[1]
    assert kept == {Path(file) for file, _ in found[0].values()}
    assert len(kept) == FILES
