"""Passwords, client secrets and tokens: from the environment or a prompt, shown to nobody."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NoReturn

from procluster.errors import ConnectError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from procluster.deploy.target import Target

__all__ = ["SECRETS", "Secret", "find_secret"]

SECRETS: Final = {
    "sql": ("PROCLUSTER_PASSWORD", "Password"),
    "service_principal": ("PROCLUSTER_CLIENT_SECRET", "Client secret"),
    "access_token": ("PROCLUSTER_ACCESS_TOKEN", "Access token"),
}
"""By authentication: the environment variable, and what a person is asked for."""


class Secret:
    """A text that does not show itself: not printed, not formatted, not pickled.

    Examples
    --------
    >>> Secret("s3cret"), f"{Secret('s3cret')}"
    (Secret(***), 'Secret(***)')
    """

    __slots__ = ("_text",)

    def __init__(self, text: str) -> None:
        self._text = text

    def reveal(self) -> str:
        """The text itself, for the driver alone."""
        return self._text

    def hide_in(self, message: str) -> str:
        """The message without the secret, should a driver have put it there."""
        return message.replace(self._text, "***") if self._text else message

    def __repr__(self) -> str:
        return "Secret(***)"

    def __reduce__(self) -> NoReturn:
        raise TypeError("Secret: is not pickled.")


def find_secret(
    target: Target, environment: Mapping[str, str], ask: Callable[[str], str] | None = None
) -> Secret | None:
    """The secret that a target's authentication needs; None when it needs none.

    Parameters
    ----------
    target : Target
    environment : mapping of str to str
    ask : callable, optional
        Shows its argument and reads a line unseen. None where nobody can be asked.

    Raises
    ------
    ConnectError
        It is not in the environment and nobody can be asked.
    """
    if target.is_embedded or target.authentication not in SECRETS:
        return None
    variable, prompt = SECRETS[target.authentication]
    if environment.get(variable):
        return Secret(environment[variable])
    if ask is None:
        raise ConnectError(
            f"{variable}: is not set, and there is no terminal to ask at. "
            f"Target {target.name} needs it for authentication {target.authentication}."
        )
    return Secret(ask(f"{prompt} for {target.login or target.database} on {target.server}"))
