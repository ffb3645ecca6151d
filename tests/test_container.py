"""The image and the proxy before it: every path is there, nobody is root, and Docker asks whether the page lives."""

from __future__ import annotations

import argparse
import importlib.util
import re
import subprocess
import tomllib
from pathlib import Path

import pytest
import yaml

from dashboard.health import HEALTH
from iaca.commands import dashboard

ROOT = Path(__file__).resolve().parent.parent
SPEC = importlib.util.spec_from_file_location("container", ROOT / ".ci" / "container.py")
container = importlib.util.module_from_spec(SPEC)
SPEC.loader.exec_module(container)
STEPS = container.steps(ROOT / "Dockerfile")
LAST = STEPS[max(i for i, step in enumerate(STEPS) if step.name == "FROM") :]
KNOWN = {"FROM", "ARG", "ENV", "WORKDIR", "RUN", "COPY", "USER", "VOLUME", "EXPOSE", "HEALTHCHECK", "ENTRYPOINT", "CMD"}
COMPOSE = yaml.safe_load((ROOT / "compose.yaml").read_text(encoding="utf-8"))
CADDY = (ROOT / "deploy" / "Caddyfile").read_text(encoding="utf-8")
EXAMPLE = (ROOT / "deploy" / "example.env").read_text(encoding="utf-8")


def texts(name, steps=STEPS):
    return [step.text for step in steps if step.name == name]


def parsed(arguments):
    parser = argparse.ArgumentParser()
    dashboard.add_arguments(parser)
    return parser.parse_args(arguments)


def test_the_dockerfile_has_instructions_that_there_are_and_a_plain_base_image():
    assert {step.name for step in STEPS} <= KNOWN
    assert {text.split()[0] for text in texts("FROM")} == {"python:3.11-slim"}


def test_everything_that_is_copied_is_tracked_and_reaches_docker():
    copied = [container.words(step) for step in STEPS if step.name == "COPY" and "--from" not in step.text]
    assert len(copied) >= 5
    for *sources, _ in copied:
        for source in sources:
            assert (ROOT / source).exists(), source
            assert container.files_of(source), f"{source} is left out by .dockerignore"
    everything = {source for *sources, _ in copied for source in sources}
    assert everything >= {"iaca", "dashboard", "checkpoints", "demo"}
    for package in ("iaca", "dashboard"):
        tracked = subprocess.run(["git", "ls-files", package], cwd=ROOT, capture_output=True, text=True, check=True)
        assert container.files_of(package) == tracked.stdout.splitlines()


@pytest.mark.parametrize(
    ("path", "kept"),
    [
        (".git/config", False), (".env", False), (".cache/x", False), ("runs/x.safetensors", False),
        ("tests/a.py", False),
        ("demo/cropped_aligned/a/1.jpg", False), ("iaca/__pycache__/a.pyc", False), ("iaca/a/__pycache__/b.pyc", False),
        ("iaca/types.py", True), ("dashboard/.streamlit/config.toml", True), ("dashboard/.secret", False),
        ("dashboard/.streamlit/secrets.toml", False),
        ("requirements.txt", True), ("demo/study/a.safetensors", True),
    ],
)  # fmt: skip
def test_only_what_is_named_goes_to_docker(path, kept):
    assert container.of_context(path, ROOT / ".dockerignore") is kept


def test_the_pins_are_found_as_the_steps_look_for_them():
    lines = (ROOT / "requirements.txt").read_text(encoding="utf-8").splitlines()
    (pattern,) = re.findall(r'grep -E "([^"]+)"', " ".join(texts("RUN")))
    assert [re.split("=", line)[0] for line in lines if re.search(pattern, line)] == [
        "torch", "torchvision", "torchaudio",
    ]  # fmt: skip
    (left_out,) = re.findall(r'grep -v "([^"]+)"', " ".join(texts("RUN")))
    assert [line for line in lines if re.search(left_out, line)] == ["-e ."]


def test_the_page_runs_as_a_user_without_rights_who_can_write_the_cache_alone():
    (user,) = texts("USER", LAST)
    assert user not in ("root", "0")
    made = next(text for text in texts("RUN", LAST) if "useradd" in text)
    assert f"--create-home {user}" in made
    assert re.findall(r"chown (\S+) (\S+)", made) == [(user, "/cache")]
    assert texts("VOLUME", LAST) == ["/cache"]
    assert "IACA_CACHE=/cache" in texts("ENV", LAST)[0]
    names = [step.name for step in LAST]
    assert not {"RUN", "COPY"} & set(names[names.index("USER") :])


def test_the_entry_point_is_the_command_of_the_wheel_and_its_options_can_be_read():
    scripts = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]["scripts"]
    assert container.words(next(step for step in LAST if step.name == "ENTRYPOINT")) == list(scripts)
    command, *options = container.words(next(step for step in LAST if step.name == "CMD"))
    assert command == "dashboard"
    args = parsed(options)
    assert (args.host, args.locked, args.no_browser, args.log_json) == ("0.0.0.0", True, True, True)
    assert texts("EXPOSE", LAST) == [str(args.port)]


def test_docker_asks_the_page_whether_it_lives():
    (check,) = [step for step in LAST if step.name == "HEALTHCHECK"]
    program, option, code = container.words(check)
    assert (program, option) == ("python", "-c")
    assert f"http://127.0.0.1:{texts('EXPOSE', LAST)[0]}{HEALTH}" in code
    compile(code, "HEALTHCHECK", "exec")


def test_no_host_is_named_but_this_one_and_an_example():
    for name in ("Dockerfile", "compose.yaml", "deploy/Caddyfile", "deploy/example.env", ".dockerignore"):
        text = (ROOT / name).read_text(encoding="utf-8")
        assert set(re.findall(r"https?://([\w.]+)", text)) <= {"127.0.0.1"}, name


def test_behind_the_proxy_the_page_is_locked_reads_its_data_only_and_is_reached_by_nobody_else():
    page = COMPOSE["services"]["iaca"]
    command, *options = page["command"]
    args = parsed(options)
    assert command == "dashboard"
    assert (args.host, args.locked, args.trust_network) == ("0.0.0.0", True, False)
    assert args.allow_host[0].startswith("${SITE:?")
    assert "ports" not in page
    assert COMPOSE["networks"]["inside"] == {"internal": True}
    assert page["networks"] == ["inside"]
    for volume in page["volumes"]:
        assert volume.endswith(":ro") or volume == "cache:/cache", volume
    places = {re.sub(r".*:(/\w+):ro$", r"\1", volume) for volume in page["volumes"]}
    assert {page["environment"]["IACA_DATA"], page["environment"]["IACA_FEATURES"], "/models"} <= places
    assert page["read_only"] is True


def test_the_page_believes_whoever_reaches_it_that_browsers_came_by_https_since_only_the_proxy_does():
    assert COMPOSE["services"]["iaca"]["environment"]["FORWARDED_ALLOW_IPS"] == "*"
    inside = [name for name, service in COMPOSE["services"].items() if "inside" in service["networks"]]
    assert sorted(inside) == ["iaca", "proxy"]


@pytest.mark.parametrize("index", ["", "https://127.0.0.1/cpu"])
def test_an_index_for_torch_is_taken_for_its_packages_alone(tmp_path, index):
    asked = container.asked_of_pip(STEPS, index, tmp_path)
    torch, others = ((words, next(Path(word) for word in words if word.endswith(".txt"))) for words in asked[:2])
    assert ("--index-url" in torch[0]) is bool(index)
    assert not index or torch[0][torch[0].index("--index-url") + 1] == index
    assert "--index-url" not in others[0]
    names = [re.split("[=<>]", line)[0] for line in (tmp_path / torch[1]).read_text().splitlines()]
    assert names == ["torch", "torchvision", "torchaudio"]
    assert set(names) <= {re.split("[=<>]", line)[0] for line in (tmp_path / others[1]).read_text().splitlines()}
    assert {line for line in EXAMPLE.splitlines() if line.startswith("TORCH_INDEX")} == {"TORCH_INDEX="}


def test_the_proxy_asks_who_is_there_and_waits_for_a_page_that_lives():
    proxy = COMPOSE["services"]["proxy"]
    assert proxy["depends_on"] == {"iaca": {"condition": "service_healthy"}}
    assert "./deploy/Caddyfile:/etc/caddy/Caddyfile:ro" in proxy["volumes"]
    assert re.search(r"basic_auth \{\s+\{\$LOGIN\} \{\$PASSWORD_HASH\}\s+\}", CADDY)
    assert f"reverse_proxy iaca:{texts('EXPOSE', LAST)[0]}" in CADDY
    assert CADDY.count("{") == CADDY.count("}")
    assert set(re.findall(r"\{\$(\w+)\}", CADDY)) == set(proxy["environment"])


def test_the_example_fills_in_every_variable():
    asked = set(re.findall(r"\$\{(\w+)", (ROOT / "compose.yaml").read_text(encoding="utf-8")))
    assert set(re.findall(r"^(\w+)=", EXAMPLE, re.MULTILINE)) == asked
