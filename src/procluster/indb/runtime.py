"""The versions of what the runtime has."""

import importlib
import json
import platform
from typing import Dict

COMPONENTS = (
    ("numpy", "numpy"),
    ("pandas", "pandas"),
    ("scikit-learn", "sklearn"),
    ("scipy", "scipy"),
    ("matplotlib", "matplotlib"),
    ("revoscalepy", "revoscalepy"),
)


def report() -> str:
    """Return the versions of Python and of the packages as a JSON list.

    Examples
    --------
    >>> json.loads(report())[0]["component"]
    'Python'
    """
    rows = [{"component": "Python", "version": platform.python_version()}]
    for component, module in COMPONENTS:
        rows.append({"component": component, "version": package_version(module)})
    return json.dumps(rows)


def package_version(module: str) -> str:
    """Return the version of a package, 'not installed', or why it does not load.

    A package that is there but does not load (a missing shared library, another package of the
    wrong version) is the harder fault to find, so the two cases are told apart.

    Examples
    --------
    >>> package_version("no_such_package")
    'not installed'
    """
    try:
        return str(getattr(importlib.import_module(module), "__version__", "unknown"))
    except ImportError as error:
        if error.name == module:
            return "not installed"
        return f"does not load: {error}"
    except Exception as error:
        return f"does not load: {type(error).__name__}: {error}"


def model_versions() -> Dict[str, str]:
    """Return the versions of what a model depends on, for its document."""
    return {
        "python": platform.python_version(),
        "numpy": package_version("numpy"),
        "pandas": package_version("pandas"),
    }
