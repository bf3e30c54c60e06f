"""`python -m live_stf.train` is the command `live-stf train`; torchrun starts it by this name, too."""

import sys

from live_stf.cli.main import main

if __name__ == "__main__":
    sys.exit(main(["train", *sys.argv[1:]]))
