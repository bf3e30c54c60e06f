"""Live recognition in a window: the command `live-stf webcam`."""

import sys
from pathlib import Path

# The checkout that this file lies in, wherever it was moved to since it was installed.
sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from live_stf.cli.main import main

if __name__ == "__main__":
    sys.exit(main(["webcam", *sys.argv[1:]]))
