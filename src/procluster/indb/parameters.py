"""The values that the parameters of a call may have."""

import numbers
from typing import Any, List, Sequence

ALLOWED_NUMBERS = {
    "n_clusters": (1, 1000, "a number of clusters"),
    "max_k": (1, 100, "a number of clusters"),
    "n_init": (1, 1000, "a number of restarts"),
    "random_state": (0, 2**31 - 1, "a seed"),
}

SCALINGS = ("none", "standard", "robust")


def parameter_faults(**given: Any) -> List[str]:
    """Return one sentence for each parameter that has a value it may not have.

    Parameters
    ----------
    **given
        Values by the names of `ALLOWED_NUMBERS`, and `scaling`.

    Examples
    --------
    >>> parameter_faults(n_clusters=0, scaling="none")
    ['n_clusters: 0 is not a number of clusters. Allowed: 1 to 1000.']
    """
    faults = []
    for name, value in given.items():
        if name == "scaling":
            if value not in SCALINGS:
                faults.append(
                    "scaling: {!a} is not a scaling. Allowed: {}.".format(
                        value, ", ".join(SCALINGS)
                    )
                )
            continue
        least, most, what = ALLOWED_NUMBERS[name]
        whole = isinstance(value, numbers.Integral) and not isinstance(value, bool)
        if not whole or not least <= value <= most:
            faults.append(f"{name}: {value!a} is not {what}. Allowed: {least} to {most}.")
    return faults


def refuse(faults: Sequence[str]) -> None:
    """Raise one ValueError that names every fault; do nothing when there is none.

    The sentences stand on one line because the hosts of external scripts pass on one line.
    """
    if faults:
        raise ValueError(" ".join(faults))
