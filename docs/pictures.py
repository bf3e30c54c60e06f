"""Makes the pictures of the documentation from the sample clip, in the real window.

    xvfb-run -s "-screen 0 1920x1080x24 -dpi 96" python docs/pictures.py           # docs/webcam.jpg and docs/gallery/
    xvfb-run -s "-screen 0 1920x1080x24 -dpi 96" python docs/pictures.py --all DIR  # every size, theme and view as PNG

Needs a display of at least 1920x1080 pixels without a window manager, such as that of Xvfb. The clip plays in real
time: on a busy machine, the pictures show its dropped frames.
"""

from __future__ import annotations

import argparse
import io
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

import cv2
from PIL import Image
from PyQt5.QtCore import QBuffer, QPoint
from PyQt5.QtGui import QPixmap
from PyQt5.QtTest import QTest
from PyQt5.QtWidgets import QApplication, QMenu

from live_stf.assets import sample_clip
from live_stf.live.session import About, Session, Settings
from live_stf.types import Snapshot
from live_stf.ui import theme
from live_stf.ui.attention_panel import BODY
from live_stf.ui.live_window import LiveWindow
from live_stf.ui.overlay import Style, annotate
from live_stf.ui.preferences import Preferences
from live_stf.ui.qt import application

DOCS = Path(__file__).parent
USUAL, SMALL = (1280, 720), (720, 460)
SIZES = (SMALL, (960, 600), USUAL, (1600, 900))
JOINTS, PARTS = 0, 1  # views of the attention, as matrices
AT = 4.9  # seconds of the clip, where a person walks and has a label
MOST_BYTES = 250_000
SETTLE_MS = 300  # for the layout, and for the picture's own thread


class HeldSession:
    """A session whose snapshot can be held: from then on it stays the same."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self._held: Snapshot | None = None

    @property
    def opening(self) -> str:
        return self._session.opening

    @opening.setter
    def opening(self, value: str) -> None:
        self._session.opening = value

    @property
    def settings(self) -> Settings:
        return self._session.settings

    @property
    def about(self) -> About | None:
        return self._session.about

    @property
    def engine(self) -> str:
        return self._session.engine

    def snapshot(self) -> Snapshot:
        return self._held or self._session.snapshot()

    def notices(self) -> list[str]:
        return self._session.notices()

    def change(self, settings: Settings) -> None:
        self._session.change(settings)

    def hold(self) -> Snapshot:
        self._held = self._session.snapshot()
        return self._held


@contextmanager
def held_window(app: QApplication, source: str, at: float) -> Iterator[tuple[LiveWindow, Snapshot]]:
    """The window with a snapshot at `at` seconds of the clip, which does not change any more."""
    theme.apply(app)
    with TemporaryDirectory() as folder, Session(Settings(source=source)) as session:
        live = HeldSession(session)
        window = LiveWindow(live, Preferences(Path(folder) / "preferences.ini"))
        window.resize(*USUAL)
        window.show()
        session.wait()
        while (frame := session.snapshot().frame) is None or frame.time < at:
            QTest.qWait(20)
        shown = live.hold()
        QTest.qWait(SETTLE_MS)
        window.say("")
        window.view.side.bars.settle()
        yield window, shown
        window.close()


def as_image(pixels: QPixmap) -> Image.Image:
    buffer = QBuffer()
    buffer.open(QBuffer.OpenModeFlag.ReadWrite)
    pixels.save(buffer, "PNG")
    return Image.open(io.BytesIO(bytes(buffer.data()))).convert("RGB")


def grab(window: LiveWindow) -> Image.Image:
    """The window without menus."""
    QTest.qWait(SETTLE_MS)
    window.view.picture.settle()
    return as_image(window.grab())


def grab_with_menu(window: LiveWindow, menu: QMenu, entry: QMenu | None = None) -> Image.Image:
    """The window with an open menu, and with one of its submenus."""
    bar = window.window_actions.bar
    menu.popup(bar.mapToGlobal(bar.actionGeometry(menu.menuAction()).bottomLeft()))
    QTest.qWait(SETTLE_MS)
    if entry is not None:
        area = menu.actionGeometry(entry.menuAction())
        entry.popup(menu.mapToGlobal(area.topRight() - QPoint(4, 4)))
        QTest.qWait(SETTLE_MS)
    screen = window.screen()
    assert screen is not None, "the window is shown"
    image = as_image(screen.grabWindow(0, window.x(), window.y(), window.width(), window.height()))
    if entry is not None:
        entry.close()
    menu.close()
    QTest.qWait(SETTLE_MS)
    return image


def toggle_full_screen(window: LiveWindow) -> None:
    """Go to full screen or back; without a window manager, nothing else resizes the window."""
    screen = window.screen()
    if not window.isFullScreen() and screen is not None:
        window.resize(screen.size())
    window.toggle_full_screen()
    if not window.isFullScreen():
        window.resize(*USUAL)
    QTest.qWait(SETTLE_MS)


def make_gallery(app: QApplication, window: LiveWindow, shown: Snapshot, folder: Path) -> None:
    """Write webcam.jpg and the pictures of gallery.md."""
    gallery = folder / "gallery"
    gallery.mkdir(parents=True, exist_ok=True)
    attention = window.view.side.attention
    save(grab(window), folder / "webcam.jpg")
    window.toggle_help()
    save(grab(window), gallery / "keys.jpg")
    window.toggle_help()
    recognition = window.window_actions.menus["Recognition"]
    save(grab_with_menu(window, recognition, window.menus.model), gallery / "menu.jpg")
    window.resize(*SMALL)
    save(grab(window), gallery / "small.jpg")
    window.resize(*USUAL)
    if attention is not None:
        attention.choose(JOINTS)
        save(grab(window), gallery / "joints.jpg")
        attention.choose(BODY)
    theme.apply(app, theme.LIGHT.name)
    save(grab(window), gallery / "light.jpg")
    theme.apply(app, theme.DARK.name)
    toggle_full_screen(window)
    save(grab(window).resize((1280, 720), Image.Resampling.LANCZOS), gallery / "full-screen.jpg")
    toggle_full_screen(window)
    if shown.frame is not None:
        painted = annotate(shown.frame.image, shown.people, shown.events, shown.scores, style=Style())
        image = Image.fromarray(cv2.cvtColor(painted, cv2.COLOR_BGR2RGB))
        image.thumbnail(USUAL)
        save(image, gallery / "annotated.jpg")


def save(image: Image.Image, path: Path) -> None:
    """Save as JPEG of less than MOST_BYTES."""
    for quality in range(90, 30, -5):
        image.save(path, quality=quality)
        if path.stat().st_size < MOST_BYTES:
            return


def make_all(app: QApplication, window: LiveWindow, folder: Path) -> None:
    """Write every size and theme with every view of the attention, the list of keys and the menus as PNG."""
    folder.mkdir(parents=True, exist_ok=True)
    attention = window.view.side.attention
    for name in theme.THEMES:
        theme.apply(app, name)
        for width, height in SIZES:
            window.resize(width, height)
            for view in (BODY, PARTS, JOINTS):
                if attention is not None:
                    attention.choose(view)
                grab(window).save(folder / f"{name}-{width}x{height}-{view}.png")
            window.toggle_help()
            grab(window).save(folder / f"{name}-{width}x{height}-help.png")
            window.toggle_help()
        window.resize(*USUAL)
        QTest.qWait(SETTLE_MS)
        for title, menu in window.window_actions.menus.items():
            grab_with_menu(window, menu).save(folder / f"{name}-menu-{title}.png")
        for entry in (window.menus.model, window.menus.engine, window.menus.people, window.menus.threshold):
            recognition = window.window_actions.menus["Recognition"]
            grab_with_menu(window, recognition, entry).save(folder / f"{name}-menu-{entry.title()}.png")
        window.choose_labels()
        QTest.qWait(SETTLE_MS)
        if (dialog := window.menus.dialog) is not None:
            as_image(dialog.grab()).save(folder / f"{name}-labels.png")
            dialog.reject()
        toggle_full_screen(window)
        grab(window).save(folder / f"{name}-full.png")
        toggle_full_screen(window)


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--output", type=Path, default=DOCS, metavar="DIR", help="where docs/ is (default: docs)")
    parser.add_argument("--source", help="another clip (default: the sample clip)")
    parser.add_argument("--at", type=float, default=AT, help=f"seconds of the clip (default: {AT})")
    parser.add_argument("--all", type=Path, metavar="DIR", help="write every size, theme and view to DIR instead")
    options = parser.parse_args(arguments)
    app = application()
    with held_window(app, options.source or str(sample_clip()), options.at) as (window, shown):
        if options.all is not None:
            make_all(app, window, options.all)
        else:
            make_gallery(app, window, shown, options.output)
    return 0


if __name__ == "__main__":
    sys.exit(main())
