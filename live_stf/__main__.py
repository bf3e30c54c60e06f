"""`python -m live_stf` is the command `live-stf`."""

import sys

from live_stf.cli.main import main

if __name__ == "__main__":
    sys.exit(main())
