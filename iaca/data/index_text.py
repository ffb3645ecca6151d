"""The report of `index` as text."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from iaca.data.index_report import Report, SubjectReport
from iaca.data.label_memory import MINIMUM_PAIRS, Autocorrelation
from iaca.data.problems import printable

SPLITS = ("train", "validation", "test", None)
PUBLISHED: dict[str | None, tuple[int, int]] = {"train": (360, 356), "validation": (72, 76), "test": (162, 162)}
"""Subjects per split: in the paper, and label files in ABAW 5 and 6, where left and right count apart."""

PUBLISHED_VIDEOS, PUBLISHED_FRAMES = 594, 2_993_081
NAMED = 5
"""Subjects named in a line of the report; the others are counted."""


def _worst_first(subjects: Iterable[SubjectReport], field: str) -> list[SubjectReport]:
    """Subjects whose value is not 0, the largest first: only a few are named."""
    return sorted((s for s in subjects if getattr(s, field)), key=lambda s: -abs(getattr(s, field)))


def format_report(report: Report) -> str:
    """The report as text: counts per split, what is special, what is wrong."""
    lines = [f"{'split':<12}{'subjects':>9}{'frames':>11}{'annotated':>11}{'paper':>8}{'ABAW 5-6':>10}"]
    for split in SPLITS:
        members = [s for s in report.subjects if s.split == split]
        if not members and split is None:
            continue
        paper, challenge = map(str, PUBLISHED.get(split, ("", "")))
        frames, annotated = sum(s.frames or 0 for s in members), sum(s.annotated for s in members)
        lines.append(f"{split or 'none':<12}{len(members):>9}{frames:>11,}{annotated:>11,}{paper:>8}{challenge:>10}")
    videos = {s.video for s in report.subjects if s.variable_frame_rate is not None}
    lines.append(
        f"{len(videos)} videos that can be read; Aff-Wild2 has {PUBLISHED_VIDEOS} and {PUBLISHED_FRAMES:,} frames."
    )
    lines.append("")
    subjects = report.subjects
    per_video: dict[str, list[SubjectReport]] = {}
    for subject in subjects:
        per_video.setdefault(subject.video, []).append(subject)
    readable = [s for s in subjects if s.variable_frame_rate is not None]
    faceless = {r.subject for r in report.found.recordings if not r.crop_folders and r.faces_file is None}
    facts = (
        ("two people in one video", [s for members in per_video.values() if len(members) > 1 for s in members], None),
        ("without a video", [s for s in subjects if s.variable_frame_rate is None], None),
        ("without sound", [s for s in readable if s.audio_offset_s is None], None),
        ("without labels", [s for s in subjects if not s.annotated and s.split != "test"], None),
        ("without faces", [s for s in subjects if s.subject in faceless], None),
        (
            "with missing crops",
            _worst_first(subjects, "missing_crops"),
            lambda s: f"{s.missing_crops} of {s.frames}",
        ),
        (
            "with label lines and frames that differ",
            _worst_first(subjects, "label_lines_minus_frames"),
            lambda s: f"{s.label_lines_minus_frames:+d}",
        ),
        ("with a variable frame rate", [s for s in subjects if s.variable_frame_rate], None),
        (
            "whose sound is off by more than 40 ms",
            [s for s in _worst_first(subjects, "audio_offset_s") if abs(s.audio_offset_s or 0) > 0.04],
            lambda s: f"{s.audio_offset_s:+.3f} s",
        ),
        (
            "that a browser cannot play (a copy is made when shown)",
            [s for s in readable if not s.browser_playable],
            None,
        ),
    )
    for title, members, detail in facts:
        if members:
            named = [printable(s.subject) + (f" ({detail(s)})" if detail else "") for s in members[:NAMED]]
            more = f", and {len(members) - NAMED} more" if len(members) > NAMED else ""
            lines.append(f"{len(members)} {title}: {', '.join(named)}{more}")
    lines += ["", *_memory(report.memory), ""]
    if report.problems:
        lines.append(f"{len(report.problems)} problems:")
        lines += [f"  {problem.line}" for problem in report.problems]
    else:
        lines.append("No problems.")
    return "\n".join(lines)


def _memory(memory: Sequence[Autocorrelation]) -> list[str]:
    """How long labels stay alike: a line per target, a column per lag."""
    lags_s = list(dict.fromkeys(one.lag_s for one in memory))
    targets = list(dict.fromkeys(one.target for one in memory))
    found = {(one.target, one.lag_s): one for one in memory}
    lines = [f"{'label autocorrelation':<24}" + "".join(f"{f'{lag_s:g} s':>9}" for lag_s in lags_s)]
    for target in targets:
        cells = [found[target, lag_s] for lag_s in lags_s]
        texts = ["-" if one.value is None else f"{one.value:.2f}" for one in cells]
        lines.append(f"{target:<24}" + "".join(f"{text:>9}" for text in texts))
    pairs = ", ".join(f"{found[targets[0], lag_s].pairs:,}" for lag_s in lags_s) if targets else ""
    subjects = max((one.subjects for one in memory), default=0)
    lines.append(
        f"Mean over {subjects} subjects with {MINIMUM_PAIRS} pairs of annotated frames or more; pairs: {pairs}."
    )
    return lines
