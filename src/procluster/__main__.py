"""``python -m procluster``, where no ``procluster`` is on the path."""

from procluster.cli import main

main(prog_name="procluster")
