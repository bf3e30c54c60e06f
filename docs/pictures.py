"""Makes the pictures of the window that the documentation shows, from the sample clip, in the real window.

    python docs/pictures.py --output docs                # docs/webcam.jpg
    python docs/pictures.py --output FOLDER --all        # every size and theme as PNG, to be looked at

Needs a display that is at least 1920x1080, e.g. of Xvfb.
"""

from __future__ import annotations

import argparse
import io
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

from PIL import Image
from PyQt5.QtCore import QBuffer
from PyQt5.QtTest import QTest

from live_stf.assets import sample_clip
from live_stf.live.session import Session, Settings
from live_stf.types import Snapshot
from live_stf.ui import theme
from live_stf.ui.live_window import LiveWindow
from live_stf.ui.preferences import Preferences
from live_stf.ui.qt import application

SIZES = ((960, 600), (1280, 720), (1600, 900))
AT = 4.9  # seconds of the clip, where somebody walks and is named


class Held:
    """A session that can be held: from then on it says the same for ever."""

    def __init__(self, session: Session) -> None:
        self._session, self._held = session, None

    def __getattr__(self, name: str) -> object:
        return getattr(self._session, name)

    def snapshot(self) -> Snapshot:
        return self._held or self._session.snapshot()

    def hold(self) -> None:
        self._held = self._session.snapshot()


def grab(window: LiveWindow) -> Image.Image:
    """The window as it is seen."""
    buffer = QBuffer()
    buffer.open(QBuffer.ReadWrite)
    window.view.picture.settle()
    window.grab().save(buffer, "PNG")
    return Image.open(io.BytesIO(bytes(buffer.data()))).convert("RGB")


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--output", type=Path, required=True, metavar="DIR")
    parser.add_argument("--source", default=None, help="another clip (default: the sample clip)")
    parser.add_argument("--at", type=float, default=AT, help=f"seconds of the clip (default: {AT})")
    parser.add_argument("--all", action="store_true", help="every size and theme, as PNG")
    options = parser.parse_args(arguments)
    options.output.mkdir(parents=True, exist_ok=True)
    app = application()
    theme.apply(app)
    settings = Settings(source=options.source or str(sample_clip()))
    with TemporaryDirectory() as folder, Session(settings, low_priority=True) as session:
        live = Held(session)
        window = LiveWindow(live, Preferences(Path(folder) / "preferences.ini"))
        window.resize(1280, 720)
        window.show()
        while session.about is None or session.snapshot().frame is None:
            QTest.qWait(20)
        while session.snapshot().frame.time < options.at:
            QTest.qWait(20)
        live.hold()
        window.say("")
        QTest.qWait(400)
        window.view.side.bars.settle()
        if options.all:
            every_look(app, window, options.output)
        else:
            grab(window).save(options.output / "webcam.jpg", quality=88)
        window.close()
    return 0


def every_look(app: object, window: LiveWindow, folder: Path) -> None:
    for name in theme.THEMES:
        theme.apply(app, name)
        for size in (*SIZES, None):
            if size is None:
                window.resize(window.screen().size())  # where there is no window manager, nobody else does it
                window.toggle_full_screen()
            else:
                window.resize(*size)
            for view in window.view.side.attention.views[: None if size == SIZES[0] else 2]:
                window.view.side.attention.choose(view)
                QTest.qWait(300)
                where = f"{size[0]}x{size[1]}" if size else "full"
                grab(window).save(folder / f"{name}-{where}-{view}.png")
        window.toggle_help()
        QTest.qWait(200)
        grab(window).save(folder / f"{name}-full-help.png")
        window.toggle_help()
        window.toggle_full_screen()


if __name__ == "__main__":
    sys.exit(main())
