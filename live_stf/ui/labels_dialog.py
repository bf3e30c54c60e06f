"""A dialog in which the user chooses which labels are reported."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from functools import partial

from PyQt5.QtCore import Qt
from PyQt5.QtWidgets import (
    QDialog,
    QDialogButtonBox,
    QLabel,
    QListView,
    QListWidget,
    QListWidgetItem,
    QPushButton,
    QVBoxLayout,
    QWidget,
)

from live_stf.ui.wording import readable


class LabelsDialog(QDialog):
    """A list of labels with a check box each; chosen: those that are checked at first, None for all."""

    def __init__(self, labels: Sequence[str], chosen: Collection[str] | None, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setWindowTitle("Labels")
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.list = QListWidget()
        self.list.setFlow(QListView.Flow.TopToBottom)
        self.list.setWrapping(True)
        self.list.setResizeMode(QListView.ResizeMode.Adjust)
        self.list.setSpacing(2)
        self.items: dict[str, QListWidgetItem] = {}
        for label in sorted(labels):
            item = QListWidgetItem(readable(label), self.list)
            item.setFlags(Qt.ItemFlags(Qt.ItemFlag.ItemIsEnabled) | Qt.ItemFlag.ItemIsUserCheckable)
            self.items[label] = item
            self._check(label, chosen is None or label in chosen)
        buttons = QDialogButtonBox()
        buttons.addButton(QDialogButtonBox.StandardButton.Ok)
        buttons.addButton(QDialogButtonBox.StandardButton.Cancel)
        for text, checked in (("All", True), ("None", False)):
            button = QPushButton(text)
            button.clicked.connect(partial(self._check_all, checked))
            buttons.addButton(button, QDialogButtonBox.ButtonRole.ActionRole)
        buttons.accepted.connect(self.accept)
        buttons.rejected.connect(self.reject)
        layout = QVBoxLayout(self)
        layout.addWidget(QLabel("Labels that are not checked are neither shown nor written as events."))
        layout.addWidget(self.list)
        layout.addWidget(buttons)
        self.resize(560, 420)

    @property
    def chosen(self) -> frozenset[str] | None:
        """The labels that are checked; None if all are."""
        checked = frozenset(label for label, item in self.items.items() if item.checkState() == Qt.CheckState.Checked)
        return None if len(checked) == len(self.items) else checked

    def _check(self, label: str, checked: bool) -> None:
        self.items[label].setCheckState(Qt.CheckState.Checked if checked else Qt.CheckState.Unchecked)

    def _check_all(self, checked: bool, _clicked: bool = False) -> None:
        for label in self.items:
            self._check(label, checked)
