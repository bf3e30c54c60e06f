"""The choice of the labels that are listened for."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from PyQt5.QtCore import Qt
from PyQt5.QtWidgets import (
    QDialog,
    QDialogButtonBox,
    QLabel,
    QListView,
    QListWidget,
    QListWidgetItem,
    QVBoxLayout,
    QWidget,
)

from live_stf.ui.wording import readable


class ListenDialog(QDialog):
    """A list with a mark at every label that is said."""

    def __init__(self, labels: Sequence[str], chosen: Collection[str] | None, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setWindowTitle("Listen for")
        self.setAttribute(Qt.WA_DeleteOnClose)
        self.list = QListWidget()
        self.list.setFlow(QListView.TopToBottom)
        self.list.setWrapping(True)
        self.list.setResizeMode(QListView.Adjust)
        self.list.setSpacing(2)
        for label in sorted(labels):
            item = QListWidgetItem(readable(label))
            item.setData(Qt.UserRole, label)
            item.setFlags(Qt.ItemIsEnabled | Qt.ItemIsUserCheckable)
            item.setCheckState(Qt.Checked if chosen is None or label in chosen else Qt.Unchecked)
            self.list.addItem(item)
        buttons = QDialogButtonBox(QDialogButtonBox.Ok | QDialogButtonBox.Cancel)
        for words, state in (("All", Qt.Checked), ("None", Qt.Unchecked)):
            button = buttons.addButton(words, QDialogButtonBox.ActionRole)
            button.setProperty("marks", state)
            button.clicked.connect(self._mark_all)
        buttons.accepted.connect(self.accept)
        buttons.rejected.connect(self.reject)
        layout = QVBoxLayout(self)
        layout.addWidget(QLabel("What is not marked is neither shown nor written as an event."))
        layout.addWidget(self.list)
        layout.addWidget(buttons)
        self.resize(560, 420)

    @property
    def chosen(self) -> frozenset[str] | None:
        """The labels that are marked; None where all are."""
        items = [self.list.item(row) for row in range(self.list.count())]
        marked = frozenset(item.data(Qt.UserRole) for item in items if item.checkState() == Qt.Checked)
        return None if len(marked) == len(items) else marked

    def _mark_all(self) -> None:
        for row in range(self.list.count()):
            self.list.item(row).setCheckState(self.sender().property("marks"))
