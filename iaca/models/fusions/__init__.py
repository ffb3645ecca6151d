"""Base fusions, one file each, and the registry that knows them by name."""

from iaca.models.fusions import (  # noqa: F401  they register themselves
    cross_attention,
    joint_cross_attention,
    other_groups,
    transformer_cross_attention,
)
