"""The group of the command line's verbs: what they raise becomes a message and an exit code."""

from __future__ import annotations

from typing import Any

import click

from procluster.deploy.advice import advice
from procluster.errors import ProclusterError

__all__ = ["EXIT_CODES", "Verbs", "explanation"]

LOCAL_PACKAGES = frozenset({"duckdb", "matplotlib", "numpy", "pandas", "pyarrow", "sklearn"})
"""What the extra ``local`` installs."""

WRONG_USAGE = 64
"""Exit code of a wrong call, as sysexits.h has it; click's own, 2, is one of plan's answers."""

INTERRUPTED = 130
"""Exit code after Ctrl-C: 128 and the number of SIGINT, as shells count it."""

EXIT_CODES = """
\b
Exit codes:
  0    done
  1    an error; its message is on standard error
  2    plan: there are changes
  3    plan: there is drift
  64   wrong usage
  130  stopped with Ctrl-C
"""


class Verbs(click.Group):
    """Turns what a verb raises into a message on standard error and an exit code."""

    def make_context(
        self,
        info_name: str | None,
        args: list[str],
        parent: click.Context | None = None,
        **extra: Any,
    ) -> click.Context:
        """Read the options in front of the verb."""
        try:
            return super().make_context(info_name, args, parent, **extra)
        except click.UsageError as error:
            error.exit_code = WRONG_USAGE  # type: ignore[misc]
            raise

    def invoke(self, ctx: click.Context) -> Any:
        """Run a verb."""
        try:
            return super().invoke(ctx)
        except click.UsageError as error:
            error.exit_code = WRONG_USAGE  # type: ignore[misc]
            raise
        except (click.ClickException, click.exceptions.Exit, click.Abort, BrokenPipeError):
            raise
        except KeyboardInterrupt:
            click.echo("Stopped.", err=True)
            ctx.exit(INTERRUPTED)
        except Exception as error:
            if ctx.params["traceback"]:
                raise
            raise click.ClickException(explanation(error)) from error


def explanation(error: Exception) -> str:
    """What to print of an error: its message, and advice where it is one of a server's."""
    found = advice(error)
    return _message(error) + (f"\n{found}" if found else "")


def _message(error: Exception) -> str:
    if isinstance(error, ModuleNotFoundError) and (error.name or "") in LOCAL_PACKAGES:
        return (
            f"{error.name}: is not installed. Install what runs with no server: "
            'pip install "procluster[local]"'
        )
    if isinstance(error, OSError) and error.filename:
        return f"{error.filename}: {error.strerror}."
    if isinstance(error, ProclusterError | OSError):
        return str(error)
    return (
        f"{type(error).__name__}: {error}. This should not happen; "
        "procluster --traceback VERB ... shows where it did."
    )
