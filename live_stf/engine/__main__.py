"""`python -m live_stf.engine` is the command `live-stf engine`."""

import sys

from live_stf.cli.main import main

if __name__ == "__main__":
    sys.exit(main(["engine", *sys.argv[1:]]))
