"""Runs the command line as `python -m dutyflow_cli`."""

import sys

from dutyflow_cli.main import main

if __name__ == "__main__":
    sys.exit(main())
