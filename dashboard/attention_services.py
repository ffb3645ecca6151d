"""The attention of one window, for the pages."""

from __future__ import annotations

from pathlib import Path

import streamlit as st

from dashboard import model_services, services
from dashboard.model_services import FileState, file_state
from iaca.attention_maps import Ordered, WindowMaps, ordered, window_maps
from iaca.types import Features
from iaca.what_if import WhatIf


def maps(
    subject: Path,
    model: Path,
    device: str,
    frame: int,
    target: str,
    change: WhatIf = services.UNCHANGED,
    spoilt: tuple[services.Spoilt, ...] = (),
) -> tuple[WindowMaps, dict[str, Ordered]]:
    """The attention at a frame, and feature maps in an order that shows their structure.

    Raises:
        InputError: A file cannot be used, or they do not fit each other.
    """
    features = services.features(subject, spoilt)
    clip = frame // features.clip_stride  # frames between two clips show the same
    return _maps(
        features, (file_state(subject), spoilt), file_state(model), device, clip * features.clip_stride, target, change
    )


@st.cache_resource(max_entries=256, show_spinner=False)
def _maps(
    _features: Features, made_of: tuple, model: FileState, device: str, frame: int, target: str, change: WhatIf
) -> tuple[WindowMaps, dict[str, Ordered]]:
    loaded = model_services.load(model, device)
    with services.device_lock(device):
        found = window_maps(_features, loaded, frame, target, change.dropouts)
    return found, {} if found.over_clips else {m: ordered(values) for m, values in found.maps.items()}
