"""Folders of subjects to extract from."""

from __future__ import annotations

import numpy as np

from iaca.data.annotations import write_labels
from tests.media_files import write_media

FACE = "47.5,47.5,96,0"
TIMES_S = np.arange(90) / 30


def make_subject(root, subject, times_s, labels=None, faces=None, video=None, **media):
    """A subject with a video, a face in the given frames, and so many label lines."""
    video = video or f"{subject}.mp4"
    write_media(root / "batch1" / video, times_s, **media)
    faces = range(len(times_s)) if faces is None else faces
    table = root / "faces.csv"
    if not table.exists():
        table.write_text("subject,frame,x,y,size,roll\n")
    with open(table, "a") as file:
        file.writelines(f"{subject},{k},{FACE}\n" for k in faces)
    n = len(times_s) if labels is None else labels
    values = np.linspace(-0.5, 0.5, n)
    write_labels(root / "VA_Set" / "Train_Set" / f"{subject}.txt", values, -values)
