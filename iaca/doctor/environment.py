"""What is installed: Python and packages, the device, and what ffmpeg can read and write."""

from __future__ import annotations

import importlib
import platform
import sys
from collections.abc import Iterator
from importlib import metadata
from pathlib import Path

from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet

from iaca.doctor.verdicts import State, Verdict

PYTHONS = ((3, 11), (3, 13))
"""First and last version that is supported."""

PACKAGES = {
    "torch": "torch", "torchvision": "torchvision", "torchaudio": "torchaudio", "streamlit": "streamlit", "av": "av",
    "opencv-python-headless": "cv2", "numpy": "numpy", "pandas": "pandas", "pyarrow": "pyarrow",
}  # fmt: skip
"""Package -> the module that is imported to see whether it works."""

NEEDED_DECODERS = ("h264", "aac")
USUAL_DECODERS = ("hevc", "mpeg4", "mjpeg", "vp8", "vp9", "av1", "mp3", "opus", "vorbis", "flac", "pcm_s16le", "ac3")
NEEDED_ENCODERS = ("libx264", "aac")
"""Of the copies that browsers play, and of exported films."""

DRIVER = Path("/proc/driver/nvidia/version")
TOGETHER = "pip install -r requirements.txt installs versions that fit each other"


def look_at_environment(device: str | None) -> Iterator[Verdict]:
    """Verdicts on what is installed.

    Args:
        device: The device that is asked for, or None.
    """
    yield _python()
    yield from _packages()
    yield _device(device)
    yield _limits(device)
    yield from _media()


def _python() -> Verdict:
    found = f"{platform.python_version()} on {platform.system()} {platform.machine()}"
    first, last = (".".join(map(str, version)) for version in PYTHONS)
    if PYTHONS[0] <= sys.version_info[:2] <= PYTHONS[1]:
        return Verdict("Python", State.OK, found)
    return Verdict("Python", State.FAILED, f"{found} is not supported", f"Use Python {first} to {last}.")


def _packages() -> Iterator[Verdict]:
    wanted = _requirements()
    for name, module in PACKAGES.items():
        try:
            importlib.import_module(module)
            version = metadata.version(name)
        except metadata.PackageNotFoundError:
            version = "of an unknown version"
        except Exception as error:  # a build that does not fit raises anything
            yield Verdict(name, State.FAILED, f"It cannot be imported ({error})", f"{TOGETHER}.")
            continue
        if name in wanted and not wanted[name].contains(version, prereleases=True):
            yield Verdict(name, State.FAILED, f"It is {version}; expected {wanted[name]}", f"{TOGETHER}.")
        else:
            yield Verdict(name, State.OK, version)


def _requirements() -> dict[str, SpecifierSet]:
    """Package -> the versions that this one asks for; nothing in a clone that is not installed."""
    try:
        listed = [Requirement(text) for text in metadata.requires("iaca") or ()]
    except metadata.PackageNotFoundError:
        return {}
    return {one.name: one.specifier for one in listed if one.marker is None}


def _device(asked: str | None) -> Verdict:
    from iaca.compute.devices import DeviceError, choose_device, device_label, find_gpus

    gpus = find_gpus()
    try:
        device = choose_device(asked)
    except DeviceError as error:
        return Verdict("device", State.FAILED, str(error), "Leave out --device and IACA_DEVICE, or mend the reason.")
    label = device_label(device)
    if gpus.number:
        return Verdict("device", State.OK, f"{label}{_driver()}; {gpus.number} in all")
    return Verdict("device", State.NOTE, f"{label}. No GPU: {gpus.problem}.", "Everything works without, more slowly.")


def _limits(asked: str | None) -> Verdict:
    """Whether a video that is made to take all memory is stopped on this machine."""
    from iaca.compute.devices import DeviceError, choose_device
    from iaca.compute.worker import holds_memory_limits

    what = "processes that read videos"
    if not holds_memory_limits():
        found = f"{platform.system()} holds no process to a limit of memory: {what} have limits of time and size alone"
        return Verdict("memory limits", State.NOTE, found, "Read videos from strangers on Linux, or in a container.")
    try:
        on_gpu = choose_device(asked).type != "cpu"
    except DeviceError:
        on_gpu = False
    if on_gpu:
        found = (
            f"{what} are held to theirs, but not those that also run a network on the GPU, whose libraries take memory "
            "as they like"
        )
        return Verdict("memory limits", State.NOTE, found, "Limit the memory of the container or the service.")
    return Verdict("memory limits", State.OK, f"{what} are held to theirs")


def _driver() -> str:
    try:
        return f", {DRIVER.read_text().splitlines()[0].strip()}"
    except (OSError, IndexError):
        return ""


def _media() -> Iterator[Verdict]:
    try:
        import av
        from av.codec.codec import UnknownCodecError

        from iaca.data.media.container import CONTAINERS
        from iaca.data.media.video import BROWSER_AUDIO, BROWSER_CONTAINERS, BROWSER_VIDEO
    except ImportError as error:
        yield Verdict("ffmpeg", State.FAILED, f"PyAV cannot be imported ({error})", f"{TOGETHER}.")
        return

    def lacks(names: tuple[str, ...], mode: str) -> list[str]:
        missing = []
        for name in names:
            try:
                av.Codec(name, mode)  # type: ignore[arg-type]
            except UnknownCodecError:
                missing.append(name)
        return missing

    build = (
        "Install PyAV as a wheel from the package index, which brings a whole ffmpeg: pip install --force-reinstall av"
    )
    yield Verdict("ffmpeg", State.OK, f"{av.ffmpeg_version_info}, inside PyAV; none of the system is needed")
    formats = [name for name in CONTAINERS if name not in av.formats_available]
    if formats:
        yield Verdict("containers", State.FAILED, f"ffmpeg cannot open {', '.join(formats)}", f"{build}.")
    else:
        yield Verdict("containers", State.OK, ", ".join(CONTAINERS))
    needed, encoders, usual = lacks(NEEDED_DECODERS, "r"), lacks(NEEDED_ENCODERS, "w"), lacks(USUAL_DECODERS, "r")
    if needed or encoders:
        missing = [*(f"decoder {name}" for name in needed), *(f"encoder {name}" for name in encoders)]
        yield Verdict("codecs", State.FAILED, f"ffmpeg lacks: {', '.join(missing)}", f"{build}.")
    elif usual:
        found = f"ffmpeg cannot decode {', '.join(usual)}"
        yield Verdict("codecs", State.NOTE, found, f"Videos of these are refused. {build}.")
    else:
        yield Verdict(
            "codecs", State.OK,
            f"reads {', '.join((*NEEDED_DECODERS, *USUAL_DECODERS))}; writes {', '.join(NEEDED_ENCODERS)}",
        )  # fmt: skip
    plays = [", ".join(sorted(filter(None, names))) for names in (BROWSER_VIDEO, BROWSER_AUDIO, BROWSER_CONTAINERS)]
    yield Verdict(
        "browsers", State.OK, f"play {plays[0]} with {plays[1]} in {plays[2]}; of any other video a copy is made"
    )
