"""Labels for what people do in video files: the command `live-stf label`."""

import sys

from live_stf.cli.label import main

if __name__ == "__main__":
    sys.exit(main())
