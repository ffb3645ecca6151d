"""Small tables of what a study decides, as it writes them."""

from __future__ import annotations

import itertools

import pandas as pd

UNCLEAR = "no clear difference"
VERDICTS = {
    ("validation", "valence"): ("helps", 0.05),
    ("validation", "arousal"): ("equivalent", 0.005),
    ("test", "valence"): ("hurts", -0.05),
    ("test", "arousal"): (UNCLEAR, 0.03),
}


def decision_tables() -> dict[str, pd.DataFrame]:
    """Name -> table of one contrast in two draws, of one base's headroom, of two memories and of two gates."""
    size = {"subjects": 80, "seeds": 5}
    titles = {"model": "ca_iaca", "against": "ca", "model_title": "CA+IACA", "against_title": "CA"}
    primary = [
        titles
        | size
        | {"question": "does the wrapper help?", "frames": "all", "target": target, "draw": draw, "value": value}
        | {"low": value - 0.01, "high": value + 0.01, "p": 0.01, "p_holm": 0.02, "smallest_detectable": 0.014}
        | {"verdict": verdict}
        for (draw, target), (verdict, value) in VERDICTS.items()
    ]
    headroom = [
        size
        | {"base": "ca", "base_title": "CA", "row": row, "frames": "all", "target": target, "draw": "validation"}
        | {"ccc": 0.6 + gain, "gain": gain, "low": gain - 0.01, "high": gain + 0.01}
        for row, gain, target in (
            ("informed switch", 0.06, "valence"),
            ("attainable switch", 0.01, "valence"),
            ("attainable switch", 0.03, "arousal"),
        )
    ]
    memory = [
        size
        | {"memory_s": memory_s, "variant": model.lower(), "model": model, "target": target, "ccc": 0.6, "sd": 0.01}
        | {"low": 0.55, "high": 0.65}
        for memory_s, model, target in itertools.product((2.2, 11.0), ("Concat", "CA"), ("valence", "arousal"))
    ]
    autocorrelation = [
        {"memory_s": memory_s, "lag_s": lag_s, "target": target, "value": 0.5 - lag_s / 20}
        for memory_s, lag_s, target in itertools.product((2.2, 11.0), (1.28, 5.0), ("valence", "arousal"))
    ]
    health = [
        {"variant": "ca_iaca", "model": "CA+IACA", "seed": seed, "target": "valence", "gate": gate, "range": size}
        | {"column": "visual", "share": 0.1, "dead": size < 0.05}
        for gate, sizes in (("stage 1, audio", (0.4, 0.5)), ("stage 2", (0.01, 0.3)))
        for seed, size in enumerate(sizes)
    ]
    missing = [
        {"variant": variant, "model": model, "regime": regime, "modality": modality, "pattern": pattern, "share": share}
        | {"target": target, "ccc": 0.6 - share / 4, "low": 0.5 - share / 4, "high": 0.7 - share / 4}
        for (variant, model, regime), modality, pattern, share, target in itertools.product(
            (("ca", "CA", "extensions"), ("ca_strict", "CA (paper-strict)", "paper-strict")),
            ("audio", "visual"), ("scattered", "block"), (0.0, 0.4, 0.8), ("valence", "arousal"),
        )
    ]  # fmt: skip
    tables = {"primary": primary, "headroom": headroom, "memory": memory, "autocorrelation": autocorrelation,
              "health": health, "missing": missing}  # fmt: skip
    return {name: pd.DataFrame(rows) for name, rows in tables.items()}
