"""Live recognition in a window: the command `live-stf webcam`."""

import sys

from live_stf.cli.webcam import main

if __name__ == "__main__":
    sys.exit(main())
