"""User modules that register fusions; the caller names them, a file never does."""

from __future__ import annotations

import importlib
import os
import sys
from collections.abc import Sequence
from importlib.metadata import entry_points

from iaca.errors import InputError

ENVIRONMENT_VARIABLE = "IACA_PLUGINS"
ENTRY_POINT_GROUP = "iaca.fusions"


class PluginError(InputError):
    """A plugin that cannot be imported: the message names the module and the reason."""


def load_plugins(modules: Sequence[str] = ()) -> tuple[str, ...]:
    """Import the modules that register fusions.

    These are the modules given, those in the environment variable IACA_PLUGINS (separated by commas), and those that
    installed packages declare in the entry-point group `iaca.fusions`. The working directory is searched last.

    Args:
        modules: Names of modules.

    Returns:
        Names of all modules that were imported.

    Raises:
        PluginError: A module cannot be imported. The message names each that failed; the others were imported.
    """
    named = [*modules, *filter(None, os.environ.get(ENVIRONMENT_VARIABLE, "").split(","))]
    named += [point.value.partition(":")[0] for point in entry_points(group=ENTRY_POINT_GROUP)]
    wanted = tuple(dict.fromkeys(name.strip() for name in named))
    if wanted and os.getcwd() not in sys.path:
        sys.path.append(os.getcwd())
    problems = []
    for name in wanted:
        if not all(part.isidentifier() for part in name.split(".")):
            problems.append(f"plugin {name!r} is no name of a Python module; expected one such as 'my_fusion'")
            continue
        try:
            importlib.import_module(name)
        except InputError as error:
            problems.append(f"plugin {name!r}: {error}")
        except Exception as error:
            if isinstance(error, ModuleNotFoundError) and error.name and f"{name}.".startswith(f"{error.name}."):
                problems.append(
                    f"plugin {name!r} was not found; expected the name of a Python module in {os.getcwd()}, on "
                    "PYTHONPATH or of an installed package"
                )
            else:
                problems.append(
                    f"plugin {name!r} was found, but its import failed ({type(error).__name__}: {error}); correct the "
                    "module"
                )
    if problems:
        raise PluginError("; ".join(problems))
    return wanted
