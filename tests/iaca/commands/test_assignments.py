"""Every setting can be given on the command line, and `--help` says its default and its unit."""

from __future__ import annotations

import argparse

import pytest

from iaca.__main__ import COMMANDS, main
from iaca.commands import CommandError, train, train_backbone
from iaca.config import BackboneConfig, BackboneTraining, ConfigError, FusionConfig, TrainingConfig
from iaca.config.settings import settings_of

CONFIGURATIONS = (BackboneConfig, BackboneTraining, FusionConfig, TrainingConfig)


def parsed(command, *arguments):
    parser = argparse.ArgumentParser()
    command.add_arguments(parser)
    needed = ["--features", "f"] if command is train else ["data", "--modality", "audio"]
    return parser.parse_args([*needed, "--out", "x.safetensors", *arguments])


def fusion(*arguments):
    return train.configurations(parsed(train, *arguments), 64, 32)


def backbone(*arguments):
    return train_backbone.configurations(parsed(train_backbone, *arguments))


@pytest.mark.parametrize("kind", CONFIGURATIONS)
def test_every_setting_has_a_description_and_every_number_a_unit(kind):
    for one in settings_of(kind):
        assert one.description.endswith(".")
        assert one.unit or one.default is None or isinstance(one.default, str | tuple), one.name
        assert f"{one.name}: {one.line}" in kind.__doc__


@pytest.mark.parametrize("command", COMMANDS)
def test_the_help_of_every_command_can_be_printed(command, capsys):
    with pytest.raises(SystemExit) as ended:
        main([command, "--help"])
    assert ended.value.code == 0
    assert "usage:" in capsys.readouterr().out


def test_help_lists_every_setting_with_its_default_and_unit(capsys):
    with pytest.raises(SystemExit):
        main(["train", "--help"])
    shown = capsys.readouterr().out
    assert "  epochs = 20: Largest number of epochs. [epochs]\n" in shown
    assert "  gate = learned: " in shown
    assert "learned, constant, blind, gmu" in shown
    assert "  iaca = false: " in shown
    assert "  dim = the smaller dimension of both features: " in shown
    assert "audio_dim" not in shown


def test_the_later_wins_of_preset_file_arguments_and_set(tmp_path):
    file = tmp_path / "settings.toml"
    file.write_text('[fusion]\nfusion = "jca"\ndim = 16\n[training]\nepochs = 7\nbatch_windows = 3\nseed = 1\n')
    config, training = fusion(
        "--set", "training.epochs=8", "--set", "training.epochs=9", "--preset", "authors", "--config", str(file),
        "--fusion", "tca", "--seed", "2", "--set", "fusion.num_layers=1",
    )  # fmt: skip
    assert training.optimiser == "adam"  # of the preset
    assert (config.dim, training.batch_windows) == (16, 3)  # of the file, over the preset
    assert (config.fusion, training.seed) == ("tca", 2)  # of arguments, over the file
    assert (config.num_layers, training.epochs) == (1, 9)  # of --set


def test_presets_combine():
    config, training = fusion("--preset", "paper_strict", "--preset", "authors")
    assert (config.scale_correlation, config.gate_init) == (False, "default")
    assert (training.optimiser, training.modality_dropout) == ("adam", 0.0)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("fusion.iaca=true", True),
        ("fusion.gate=blind", "blind"),
        ("fusion.gate='blind'", "blind"),
        ("fusion.gate_temperature=.5", 0.5),
        ("fusion.gate_temperature = 1e-1", 0.1),
        ('fusion.targets=["arousal"]', ("arousal",)),
        ("training.learning_rate=3e-4", 3e-4),
        ("training.patience=5", 5),
    ],
)
def test_values_are_written_as_in_toml_and_words_without_quotes(text, value):
    table, name = text.split("=")[0].strip().split(".")
    config, training = fusion("--set", text)
    assert getattr(config if table == "fusion" else training, name) == value


@pytest.mark.parametrize(
    ("text", "error", "message"),
    [
        ("epochs", CommandError, "expected TABLE.FIELD=VALUE"),
        ("epochs=3", CommandError, "expected TABLE.FIELD=VALUE"),
        ("train.epochs=3", CommandError, "table 'train'; expected one of: fusion, training"),
        ("fusion.audio_dim=3", CommandError, "'audio_dim'; it is that of the features"),
        ("training.epoch=3", ConfigError, "unknown field 'epoch'; expected any of"),
        ("training.epochs=none", ConfigError, "epochs is 'none'; expected a whole number of at least 1"),
        ("training.epochs=1.5", ConfigError, r"epochs is 1\.5; expected a whole number"),
        ("training.learning_rate=nan", ConfigError, "learning_rate is nan"),
        ("fusion.iaca=yes", ConfigError, "iaca is 'yes'; expected true or false"),
        ("fusion.gate=open", ConfigError, "gate is 'open'; expected one of"),
    ],
)
def test_what_cannot_be_is_refused_as_in_a_file(text, error, message):
    with pytest.raises(error, match=message):
        fusion("--set", text)


def test_a_backbone_takes_its_arguments_and_every_other_setting():
    config, training = backbone("--epochs", "3", "--set", "training.weight_decay=0.5", "--set", "backbone.width=8")
    assert (training.epochs, training.weight_decay, config.width, config.dim) == (3, 0.5, 8, 128)
    assert backbone()[1] == BackboneTraining()
    assert backbone("--batch", "4", "--set", "training.batch=6")[1].batch == 6
    assert backbone("--arch", "resnet18")[0].dim == 512


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("training.epochs=abc", "epochs is 'abc'; expected a whole number of at least 1"),
        ("training.clip_stride=x", "clip_stride is 'x'; expected one of"),
        ("training.within_weight=much", "within_weight is 'much'; expected a share"),
        ("training.learning_rate=fast", "learning_rate is 'fast'; expected a number above 0"),
        ("training.weight_decay=-1", "weight_decay is -1; expected a number of at least 0"),
        ("training.augment=1", "augment is 1; expected true or false"),
        ("training.batch=1", "batch is 1; expected a whole number of at least 2"),
        ("backbone.dim=big", "dim is 'big'; expected a whole number"),
        ("backbone.arch=slim", "'arch'; give --arch"),
    ],
)
def test_settings_of_a_backbone_that_cannot_be_are_refused(text, message):
    with pytest.raises((CommandError, ConfigError), match=message):
        backbone("--set", text)
