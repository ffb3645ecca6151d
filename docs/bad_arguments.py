"""Bad arguments and settings of every command, made up by rule: each option gets what it cannot take."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from enum import StrEnum
from typing import get_args, get_type_hints

from iaca.config import BackboneConfig, BackboneTraining, FusionConfig, TrainingConfig
from iaca.config.settings import settings_of

PREDICT = ("predict", "--features", "f/a.safetensors", "--checkpoint", "ca.safetensors", "--out", "t.csv")
REPORT = ("report", "--features", "f", "--checkpoint", "ca.safetensors", "--out", "t.html")
EVALUATE = ("evaluate", "--features", "f", "--checkpoint", "ca.safetensors")
TRAIN = ("train", "--features", "f", "--out", "m.safetensors")
REPRODUCE = ("reproduce", "--features", "f", "--out", "r", "--quick")
EXTRACT = ("extract", "empty", "--out", "x")
BACKBONE = ("train-backbone", "empty", "--modality", "audio", "--out", "b.safetensors")
INDEX = ("index", "empty")
RELATIONSHIPS = ("relationships", "--features", "f", "--checkpoint", "ca.safetensors")
EVENTS = ("events", "--features", "f", "--checkpoint", "ca.safetensors")
DESCRIBE = ("describe", "ca.safetensors")
EXPORT = ("export", "ca.safetensors", "--onnx", "m.onnx")
BUILD = ("demo", "build", "--out", "d")
REBUILD = ("demo", "train", "--work", "w", "--demo", "d", "--checkpoints", "c")
DASHBOARD = ("dashboard",)
DOCTOR = ("doctor", "--no-self-test")

NO_NUMBER = ("", "x", "1,5", "0x10", "1 2", "--")
NO_WHOLE = (*NO_NUMBER, "1.5", "nan", "inf", "1e3")
TOO_LONG = "n" * 300

INPUT_FILES = {
    PREDICT: ("--features", "--checkpoint"),
    EVALUATE: ("--checkpoint", "--list"),
    TRAIN: ("--config",),
    REPRODUCE: ("--published",),
}
INPUT_FOLDERS = {
    EVALUATE: ("--features",),
    TRAIN: ("--features",),
    REPRODUCE: ("--features", "--test", "--videos"),
    DASHBOARD: ("--data", "--features", "--checkpoints", "--results"),
    ("index",): ("--manifest",),
    EXTRACT: ("--manifest",),
    BACKBONE: ("--manifest",),
}
OUTPUTS = {
    PREDICT: {"--out": ("file/t.csv", "empty", "t.txt", "t", "/proc/t.csv", f"{TOO_LONG}/t.csv", "/dev/null/t.csv")},
    EVALUATE: {"--predictions": ("file", "file/p", "/proc/p")},
    TRAIN: {
        "--out": ("file/m.safetensors", "m.pt", "m", "empty", "/proc/m.safetensors"),
        "--log": ("file", "file/log", "/proc/log"),
    },
    REPRODUCE: {"--out": ("file", "file/r", "/proc/r")},
    EXTRACT: {"--out": ("file", "file/x", "/proc/x", f"{TOO_LONG}/x")},
    BACKBONE: {"--out": ("file/b.safetensors", "b.pth", "empty"), "--cache": ("file", "/proc/c")},
    INDEX: {"--cache": ("empty", "file/c.json", "/proc/c.json")},
    EXPORT: {"--onnx": ("file/m.onnx", "m.pt", "empty", "/proc/m.onnx")},
    BUILD: {"--out": ("file", "file/d", "/proc/d")},
    REBUILD: {"--work": ("file", "/proc/w"), "--demo": ("file",), "--checkpoints": ("file/c",)},
}
NUMBERS = {
    PREDICT: {
        "--seed": (*NO_WHOLE, "-1", "9" * 20),
        "--drop-audio": (*NO_NUMBER, "-0.1", "1.1", "nan", "inf", "1e400"),
        "--drop-visual": ("2", "nan"),
        "--gate-temperature": (*NO_NUMBER, "0", "-1", "nan", "inf", "1e-300", "1e300"),
    },
    REPORT: {"--workers": ("", "x", "1.5", "0", "-2", "9999"), "--gpus-per-worker": ("x", "-1", "nan", "1.5")},
    TRAIN: {"--seed": (*NO_WHOLE, "-1", "9" * 20)},
    REPRODUCE: {
        "--seeds": (*NO_WHOLE, "0", "-1", "1001"),
        "--workers": (*NO_WHOLE, "0", "-2", "9999"),
        "--tca-layers": (*NO_WHOLE, "0", "-1", "9999"),
    },
    EXTRACT: {
        "--clip-stride": (*NO_WHOLE, "0", "-4", "3", "64"),
        "--shard": ("", "x", "0", "1/1", "2/2", "-1/2", "0/0", "1.5/2", "0/2/3"),
    },
    BACKBONE: {
        "--epochs": (*NO_WHOLE, "0", "-1", "9" * 12),
        "--batch": ("0", "1", "x"),
        "--seed": ("-1", "9" * 20),
        "--learning-rate": (*NO_NUMBER, "0", "-1", "nan", "inf", "1e-300", "1e300"),
        "--pictures": ("0", "99", "x", "1"),
        "--mse-weight": ("-1", "nan", "inf", "1e300"),
        "--within-weight": ("-1", "2", "nan"),
    },
    BUILD: {
        "--seconds": (*NO_NUMBER, "0", "-1", "1.9", "nan", "inf", "1e9"),
        "--seed": (*NO_WHOLE, "-1", "9" * 20),
        "--identities": (*NO_WHOLE, "0", "-1", "1001"),
    },
    REBUILD: {"--seeds": (*NO_WHOLE, "0", "-1")},
    DASHBOARD: {
        "--port": (*NO_WHOLE, "0", "-1", "65536"),
        "--jobs": (*NO_WHOLE, "0", "-1", "9999"),
        "--visit-quota": (*NO_NUMBER, "0", "-1", "nan", "inf", "1e400"),
        "--upload-quota": ("0", "nan", "inf", "x"),
        "--memory": (*NO_NUMBER, "0", "-1", "nan", "inf"),
    },
    DOCTOR: {"--port": (*NO_WHOLE, "0", "65536")},
}
WORDS = {
    PREDICT: {"--pattern": ("", "x", "range", "SCATTERED"), "--unit": ("", "x", "frame"), "--log-level": ("", "loud")},
    EVALUATE: {"--split": ("", "x", "Validation"), "--postprocess": ("", "x"), "--ccc": ("", "x")},
    TRAIN: {
        "--fusion": ("", "x", "CA", "ca "),
        "--target": ("", "joy"),
        "--preset": ("", "x"),
        "--set": ("", "x", "epochs=3", "train.epochs=3", "training.epoch=3", "training.=3", "fusion.audio_dim=5", "="),
    },
    REPRODUCE: {"--fusion": ("", "x", "CA")},
    EXTRACT: {
        "--visual": ("", "nope", "ca.safetensors", "file"),
        "--audio": ("nope", "r3d_18"),
        "--yunet": ("none", "file"),
    },
    BACKBONE: {
        "--arch": ("", "x", "r3d_18", "SLIM"),
        "--modality": ("", "smell"),
        "--start": ("", "none", "ca.safetensors"),
        "--set": ("backbone.arch=slim", "backbone.dim=big", "training.batch=1", "model.x=1"),
    },
    BUILD: {"--role": ("", "x", "Test")},
    DASHBOARD: {"--host": ("0.0.0.0", "::", "lab.example.org", ""), "--log-level": ("x",)},
}
WITH_DEVICE = (PREDICT, EVALUATE, TRAIN, REPRODUCE, EXTRACT, BACKBONE, REBUILD)
DEVICES = ("", " ", "x", "tpu", "meta", "cuda:99", "cpu:7", "cuda:-1", "0", "\n")
WITH_PLUGIN = (PREDICT, EVALUATE, TRAIN, REPRODUCE, DESCRIBE, EXPORT)
PLUGINS = ("nope", "../x", "a b", ".")
WHOLE_COMMANDS = (
    (),
    ("nope",),
    ("--nope",),
    ("predict",),
    ("evaluate",),
    ("train",),
    ("extract",),
    ("extract", "--out", "x"),
    ("index",),
    ("describe",),
    ("export",),
    ("reproduce",),
    ("demo",),
    ("demo", "nope"),
    ("demo", "build"),
    ("train-backbone",),
    ("predict", "--features", "f", "--checkpoint", "ca.safetensors", "--out", "t.csv"),
    ("predict", "--features", "ca.safetensors", "--checkpoint", "ca.safetensors", "--out", "t.csv"),
    ("predict", "--features", "f/a.safetensors", "--checkpoint", "f/a.safetensors", "--out", "t.csv"),
    (*PREDICT, "--workers", "2"),
    (*PREDICT, "--engine", "ray"),
    (*PREDICT, "--engine", "spark"),
    ("report",),
    (*REPORT, "--address", "auto"),
    ("report", "--features", "none", "--checkpoint", "ca.safetensors", "--out", "t.html"),
    ("report", "--features", "f", "--checkpoint", "ca.safetensors", "--out", "t.csv"),
    ("report", "--features", "f", "--checkpoint", "ca.safetensors", "--out", "t.html", "--threshold", "0"),
    ("relationships",),
    (*RELATIONSHIPS, "--episodes", "none"),
    (*RELATIONSHIPS, "--episodes", "file"),
    (*RELATIONSHIPS, "--split", "nope"),
    (*RELATIONSHIPS, "--threshold", "nan"),
    (*RELATIONSHIPS, "ca.safetensors"),
    ("events",),
    (*EVENTS, "--where", "stage2_visual > 0.7"),
    (*EVENTS, "--where", "valence > nan"),
    (*EVENTS, "--where", "face > corrupted"),
    (*EVENTS, "--where", "face is sad"),
    (*EVENTS, "--where", "__import__('os')"),
    (*EVENTS, "--where", ""),
    (*EVENTS, "--where", "valence > 0", "--for", "nan"),
    ("report", "--features", "f", "--checkpoint", "ca.safetensors", "--out", "t.html", "--notes", "file"),
    ("draw",),
    ("draw", "--features", "none", "--checkpoint", "ca.safetensors", "--out", "t.zip"),
    ("draw", "--features", "f", "--checkpoint", "ca.safetensors", "--out", "t.html"),
    ("draw", "--features", "f", "--checkpoint", "ca.safetensors", "--out", "t.zip", "--notes", "file"),
    ("draw", "--features", "f", "--checkpoint", "ca.safetensors", "--out", "t.zip", "--as", "docx"),
    ("describe", "file"),
    ("describe", "empty"),
    ("describe", "none"),
    ("describe", "/dev/null"),
    ("describe", TOO_LONG),
    ("export", "f/a.safetensors", "--onnx", "m.onnx"),
    ("export", "none", "--onnx", "m.onnx"),
    ("evaluate", "--features", "f", "--checkpoint", "ca.safetensors", "ca.safetensors"),
    ("evaluate", "--features", "empty", "--checkpoint", "ca.safetensors"),
    (*EVALUATE, "--list", "f.csv"),
    ("train", "--features", "empty", "--out", "m.safetensors"),
    ("reproduce", "--features", "empty", "--out", "r"),
    (*REPRODUCE, "--report-only"),
    ("extract", "f", "--video", "file", "--out", "x"),
    (*EXTRACT, "--subject", "nobody"),
    ("extract", "--video", "none", "--out", "x"),
    ("extract", "--video", "empty", "--out", "x"),
    ("extract", "empty", "--labels", "file", "--out", "x"),
    ("extract", "none", "--out", "x"),
    ("index", "file"),
    ("train-backbone", "none", *BACKBONE[2:]),
    (*INDEX, "a\0b"),
    ("index", "\0"),
    ("describe", "\0"),
    ("index", " "),
    ("dashboard", "--host", "0.0.0.0", "--port", "8501"),
)


def arguments() -> Iterator[tuple[str, ...]]:
    """Command lines, each with one thing that cannot be."""
    yield from WHOLE_COMMANDS
    for command, options in INPUT_FILES.items():
        for option in options:
            for value in ("none", "empty", "file", "", "a\0b", TOO_LONG):
                yield with_option(command, option, value)
    for command, options in INPUT_FOLDERS.items():
        for option in options:
            for value in ("none", "file", "", "a\0b"):
                yield with_option(command, option, value)
    for table in (OUTPUTS, NUMBERS, WORDS):
        for command, values in table.items():
            for option, bad in values.items():
                for value in (*bad, *(("", "a\0b") if table is OUTPUTS else ())):
                    yield with_option(command, option, value)
    for command in WITH_DEVICE:
        for device in DEVICES if command is PREDICT else DEVICES[:4]:
            yield (*command, "--device", device)
    for command in WITH_PLUGIN:
        for plugin in PLUGINS if command is PREDICT else PLUGINS[:1]:
            yield (*command, "--plugin", plugin)


def with_option(command: Sequence[str], option: str, value: str) -> tuple[str, ...]:
    """A command with another value of an option that it has, or with one more option."""
    if option not in command:
        return (*command, f"{option}={value}") if value.startswith("-") else (*command, option, value)
    place = command.index(option) + 1
    return (*command[:place], value, *command[place + 1 :])


def settings() -> Iterator[tuple[str, ...]]:
    """Settings that cannot be, of training a model and of training a backbone."""
    for command, tables in (
        (TRAIN, {"fusion": FusionConfig, "training": TrainingConfig}),
        (BACKBONE, {"backbone": BackboneConfig, "training": BackboneTraining}),
    ):
        for table, kind in tables.items():
            types = get_type_hints(kind)
            for one in settings_of(kind):
                for value in _bad_values(one.default, float in get_args(types[one.name])):
                    is_fine = (one.name, value) == ("late_rate", "1.5")
                    if not is_fine and one.name not in ("audio_dim", "visual_dim", "modality", "arch"):
                        yield (*command, "--set", f"{table}.{one.name}={value}")


def _bad_values(default: object, may_be_float: bool) -> tuple[str, ...]:
    if isinstance(default, bool):
        return ("1", "yes", '"true"')
    if isinstance(default, StrEnum | str):
        return ("nope", "5", "true")
    if isinstance(default, float):
        return ("-1", "nan", "inf", "x", "true", "1e300", "[1]")
    if isinstance(default, int):
        return ("-1", "1.5", "x", "true", "1e300", "9223372036854775808", "[1]")
    if isinstance(default, tuple):
        return ("[]", '["joy"]', "x", '["arousal", "valence"]')
    return ("0", "-1", "x", "true") if may_be_float else ("0", "-1", "1.5", "x", "true")
