"""From which checkpoint a training goes on."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
import torch

from live_stf.errors import DataError
from live_stf.training.progress import Progress


def write(file: Path, epoch: int) -> Path:
    file.parent.mkdir(exist_ok=True)
    torch.save({"epoch": epoch, "state_dict": {"weight": torch.arange(1000.0)}}, file)
    os.utime(file, (epoch, epoch))
    return file


@pytest.fixture
def progress(tmp_path: Path) -> Progress:
    return Progress(tmp_path)


def test_nothing_learned_is_nothing_to_go_on_from(progress: Progress) -> None:
    assert progress.newest_whole() is None


def test_the_last_one_is_taken(progress: Progress) -> None:
    write(progress.checkpoints / "epoch=1.ckpt", 3)
    last = write(progress.checkpoints / "last.ckpt", 2)
    assert progress.newest_whole() == last


@pytest.mark.parametrize("left", [0.0, 0.5, 0.98], ids=["empty", "half", "nearly whole"])
def test_where_the_last_one_is_cut_the_newest_whole_one_is_taken(progress: Progress, left: float) -> None:
    write(progress.checkpoints / "epoch=0.ckpt", 1)
    whole = write(progress.checkpoints / "epoch=1.ckpt", 2)
    last = write(progress.checkpoints / "last.ckpt", 3)
    content = last.read_bytes()
    last.write_bytes(content[: int(left * len(content))])
    assert progress.newest_whole() == whole


@pytest.mark.parametrize("content", [b"", b"no checkpoint", b"\x80\x04garbage", b"PK\x03\x04garbage"])
def test_where_none_is_whole_one_line_says_so(progress: Progress, content: bytes) -> None:
    last = write(progress.checkpoints / "last.ckpt", 1)
    last.write_bytes(content)
    with pytest.raises(DataError, match=r"last\.ckpt is damaged .* remove .*checkpoints") as said:
        progress.newest_whole()
    assert "\n" not in str(said.value)


def test_a_pickle_with_code_in_it_is_not_run(progress: Progress, tmp_path: Path) -> None:
    class Trap:
        def __reduce__(self) -> tuple:
            return os.mkdir, (str(tmp_path / "sprung"),)

    progress.checkpoints.mkdir()
    torch.save({"epoch": Trap()}, progress.checkpoints / "last.ckpt")
    with pytest.raises(DataError, match="damaged"):
        progress.newest_whole()
    assert not (tmp_path / "sprung").exists()
