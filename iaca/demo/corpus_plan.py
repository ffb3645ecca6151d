"""Who is in a synthetic corpus, and what goes wrong in each recording."""

from __future__ import annotations

from collections.abc import Sequence
from enum import StrEnum
from typing import NamedTuple

from iaca.config.checks import MOST_SEED
from iaca.demo.episode_plan import Condition
from iaca.demo.identity import IDENTITIES_PER_ROLE
from iaca.demo.labels import EMOTION_MEMORY_S
from iaca.demo.performance import FPS, Plan
from iaca.errors import InputError

LONGEST_S = 3600.0
LONGEST_MEMORY_S = 600.0
"""Longest video of a corpus, and longest memory of its feelings, seconds."""


class CorpusError(InputError):
    """A corpus that cannot be built: the message names the value and what was expected."""


class Role(StrEnum):
    """What a corpus is for. No two roles share a person, whatever else is asked for.

    `backbone` and `training` are trained on, `validation` is scored at will, `test` is scored once.
    """

    VALIDATION = "validation"
    BACKBONE = "backbone"
    TRAINING = "training"
    TEST = "test"


class RoleSettings(NamedTuple):
    """What the people of a role do.

    Attributes:
        first_identity: Number of the first person; those of a role follow each other.
        split: Split of the labels, "train" or "validation".
        conditions: Conditions of the recordings of each person in turn, from the start when it runs out.
        emotion_memory_s: Time after which feelings have forgotten 63 % of where they were.
    """

    first_identity: int
    split: str
    conditions: tuple[tuple[Condition, ...], ...]
    emotion_memory_s: float


_S, _WF, _WV, _RF, _RV, _C, _SF, _SV, _M = Condition

LEGIBLE = ((_S,), (_WF,), (_WV,), (_SF,), (_C,), (_RF,), (_S,), (_WV,), (_WF,), (_SV,), (_RV,), (_C,))
"""One thing goes wrong in a recording, so that a reader sees what a gate does about it."""

MIXED = ((_S,), (_M,), (_M,), (_M,))
"""As in the wild: anything may go wrong, and in one recording in four nothing does."""

LONG_MEMORY_S = 11.0
"""Of people in conversation; those whom backbones learn from act, and forget within `EMOTION_MEMORY_S`."""

ROLES = {
    Role.VALIDATION: RoleSettings(0, "validation", LEGIBLE, LONG_MEMORY_S),
    # No conflicts and no strangers: a backbone learns to read what face and voice show.
    Role.BACKBONE: RoleSettings(
        1 * IDENTITIES_PER_ROLE,
        "train",
        ((_S,), (_WF,), (_S,), (_WV,), (_S,), (_RF,), (_S,), (_WF,), (_S,), (_WV,), (_S,), (_RV,)),
        EMOTION_MEMORY_S,
    ),
    Role.TRAINING: RoleSettings(2 * IDENTITIES_PER_ROLE, "train", MIXED, LONG_MEMORY_S),
    Role.TEST: RoleSettings(3 * IDENTITIES_PER_ROLE, "validation", MIXED, LONG_MEMORY_S),
}


def plan_corpus(
    *,
    role: Role | str = Role.VALIDATION,
    identities: int = 12,
    first_identity: int = 0,
    seconds: float = 50.0,
    seed: int = 0,
    conditions: Sequence[Sequence[Condition | str]] | None = None,
    emotion_memory_s: float | None = None,
) -> tuple[Plan, ...]:
    """Which recordings a corpus has.

    Args:
        role: What the corpus is for; decides who is in it.
        identities: Number of people, at least 1.
        first_identity: People of the role to skip.
        seconds: Length of each video, 2 to `LONGEST_S`.
        seed: At least 0. What people do depends on it; who they are does not.
        conditions: Conditions of the recordings of each person in turn, from the start when it runs out; None takes the
            role's mixture.
        emotion_memory_s: Time after which feelings have forgotten 63 % of where they were, above 0; None takes the
            role's.

    Returns:
        One plan for each recording, named by condition and number of the person: `weak-face-02`.

    Raises:
        CorpusError: A value is out of range.
    """
    try:
        settings = ROLES[Role(role)]
    except ValueError:
        raise CorpusError(f"role is {role!r}; expected one of: {', '.join(Role)}") from None
    if identities < 1 or first_identity < 0 or first_identity + identities > IDENTITIES_PER_ROLE:
        raise CorpusError(
            f"identities is {identities} from {first_identity} on; expected 1 to {IDENTITIES_PER_ROLE} in all, "
            "so that roles never share a person"
        )
    if not 2 <= seconds <= LONGEST_S:
        raise CorpusError(f"seconds is {seconds!r}; expected 2 to {LONGEST_S:g}")
    emotion_memory_s = settings.emotion_memory_s if emotion_memory_s is None else emotion_memory_s
    if not 0 < emotion_memory_s <= LONGEST_MEMORY_S:
        raise CorpusError(
            f"emotion_memory_s is {emotion_memory_s!r}; expected seconds above 0, at most {LONGEST_MEMORY_S:g}"
        )
    if not 0 <= seed <= MOST_SEED:
        raise CorpusError(f"seed is {seed!r}; expected a whole number from 0 to {MOST_SEED}")
    try:
        cycle = [tuple(Condition(c) for c in group) for group in conditions or settings.conditions]
    except ValueError as error:
        raise CorpusError(f"{error}; expected one of: {', '.join(Condition)}") from None
    plans = []
    for position in range(first_identity, first_identity + identities):
        identity = settings.first_identity + position
        for take, condition in enumerate(cycle[position % len(cycle)]):
            name = condition.value.replace("_", "-")
            plans.append(
                Plan(
                    subject=f"{name}-{identity + 1:02d}",
                    identity=identity,
                    condition=condition,
                    frames=round(seconds * FPS),
                    seed=(seed, identity, take),
                    emotion_memory_s=emotion_memory_s,
                )
            )
    subjects = [plan.subject for plan in plans]
    twice = sorted({subject for subject in subjects if subjects.count(subject) > 1})
    if twice:
        raise CorpusError(f"conditions give {twice[0]!r} twice; expected each condition once a person")
    return tuple(plans)
