#!/usr/bin/env python3
"""The same as ``procluster deploy``, straight from a checkout.

python deploy/deploy.py --config deploy/sqlserver.toml --target sqlserver
"""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "src"))

from procluster.cli import main

if __name__ == "__main__":
    main(["deploy", *sys.argv[1:]])
