"""Labels for what people do in video files: the command `live-stf label`."""

import sys
from pathlib import Path

# The checkout that this file lies in, wherever it was moved to since it was installed.
sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from live_stf.cli.main import main

if __name__ == "__main__":
    sys.exit(main(["label", *sys.argv[1:]]))
