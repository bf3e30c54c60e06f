from __future__ import annotations

import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import orjson
import pytest

from live_stf.cli.data import main
from live_stf.data.chunks import ITEMS
from live_stf.data.growing_store import GrowingStore
from live_stf.data.prepare import prepare
from live_stf.data.sources import DataSettings
from live_stf.data.store import Store, write_store
from live_stf.skeleton import OPENPOSE_18, SKELETONS
from live_stf.training.recipe import load_recipe

TAKES = 3 * ITEMS + 5  # files of the data set: four chunks
DAMAGED = {7: b"", 300: b'{"skeletons": [', 301: b'{"skeletons": [[[1, 2, 3]]]}'}


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data set of Northwestern-UCLA's format, in which three files are damaged."""
    root = tmp_path_factory.mktemp("data")
    folder = root / "nw-ucla" / "all_sqe"
    folder.mkdir(parents=True)
    rng = np.random.default_rng(5)
    for number in range(TAKES):
        skeletons = rng.normal(size=(rng.integers(20, 60), 20, 3)).round(6).tolist()
        file = folder / f"a01_s{number // 100:02d}_e{number % 100:02d}_v01.json"
        file.write_bytes(DAMAGED.get(number, orjson.dumps({"skeletons": skeletons})))
    return root


@pytest.fixture(scope="module")
def expected(data: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    """The store of an uninterrupted run in one process."""
    folder = tmp_path_factory.mktemp("expected") / "store"
    assert main(["prepare", "nw-ucla", "--root", str(data), "--output", str(folder), "--workers", "1"]) == 0
    return content(folder)


def settings_of(data: Path, store: Path) -> DataSettings:
    return load_recipe("nw-ucla", [f"data.root={data}", f"data.store={store}"]).data


def content(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir()}


# Runs the command, and does ACTION when it is about to take step N of putting chunks into the store.
STOPPED_AT_A_STEP = """
import multiprocessing, os, shutil, signal, sys, types
import orjson
from live_stf.cli.data import main
from live_stf.data import growing_store
from live_stf.data.growing_store import GrowingArray

action, last, words = sys.argv[1], int(sys.argv[2]), sys.argv[3:]
taken = 0

def counted(function):
    def step(*arguments, **options):
        global taken
        taken += 1
        if taken == last:
            print(*(process.pid for process in multiprocessing.active_children()), flush=True)
            if action == "kill":
                os.kill(os.getpid(), signal.SIGKILL)
            os.killpg(0, signal.SIGINT)  # as a terminal does
        return function(*arguments, **options)
    return step

GrowingArray.append, GrowingArray.sync = counted(GrowingArray.append), counted(GrowingArray.sync)
growing_store.shutil = types.SimpleNamespace(rmtree=counted(shutil.rmtree))
growing_store.orjson = types.SimpleNamespace(**{**vars(orjson), "dumps": counted(orjson.dumps)})
sys.exit(main(words))
"""
STEPS = 6  # of a chunk: append, sync (two arrays each), the journal's line, the removal of the chunk's folder


def stop_at_step(step: int, action: str, data: Path, output: Path) -> tuple[int, list[int], str]:
    """The exit status, the reading processes and the messages of a command that is stopped at a step."""
    words = ["prepare", "nw-ucla", "--root", str(data), "--output", str(output), "--workers", "2"]
    done = subprocess.run(
        [sys.executable, "-c", STOPPED_AT_A_STEP, action, str(step), *words],
        capture_output=True, text=True, start_new_session=True,
    )  # fmt: skip
    return done.returncode, [int(word) for word in done.stdout.split()], done.stderr


def test_damaged_files_are_counted_and_listed(data, tmp_path, capfd):
    words = ["--root", str(data), "--output", str(tmp_path / "store"), "--workers", "1"]
    assert main(["prepare", "nw-ucla", *words]) == 0
    assert f"{TAKES - 3} clips" in (messages := capfd.readouterr().err)
    assert "3 could not be used (nw-ucla 3)" in messages
    report = orjson.loads((tmp_path / "store" / "report.json").read_bytes())
    assert [item["name"] for item in report["damaged_files"]] == [
        "a01_s00_e07_v01", "a01_s03_e00_v01", "a01_s03_e01_v01"
    ]  # fmt: skip
    assert [path.name for path in tmp_path.iterdir()] == ["store"]
    assert len(Store(tmp_path / "store")) == TAKES - 3


def test_clips_have_the_recipes_names_of_their_sources(data, tmp_path):
    """The names are free, and two sources may have the same reader."""
    settings = settings_of(data, tmp_path / "store")
    source = settings.sources.pop("nw-ucla")
    settings.sources = {"first": source, "second": source}
    report = prepare(settings, SKELETONS["kinect20"], workers=1)
    assert report is not None
    assert report.sources == {"first": TAKES - 3, "second": TAKES - 3}
    assert report.damaged_by_source == {"first": 3, "second": 3}


def test_the_number_of_processes_changes_no_byte(data, expected, tmp_path):
    report = prepare(settings_of(data, tmp_path / "store"), SKELETONS["kinect20"], workers=2)
    assert report is not None
    assert report.clips == TAKES - 3
    assert content(tmp_path / "store") == expected


def test_the_environment_names_the_folder_of_the_data_sets(data, expected, tmp_path, monkeypatch):
    monkeypatch.setenv("LIVE_STF_DATA", str(data))
    assert main(["prepare", "nw-ucla", f"data.store={tmp_path / 'store'}", "--workers", "1"]) == 0
    assert content(tmp_path / "store") == expected


def test_a_preparation_that_is_killed_again_and_again_changes_no_byte(data, expected, tmp_path):
    """Killed between the two arrays of a chunk, before the next one's line and before that one's folder is removed."""
    for step, chunks in ((2, 0), (STEPS + 5, 1), (6, 2)):
        status, readers, _ = stop_at_step(step, "kill", data, tmp_path / "store")
        assert status == -signal.SIGKILL
        assert readers or chunks  # later, all chunks may have been read before
        wait_for_end(readers)
        assert (tmp_path / "store.partial" / "journal.jsonl").read_bytes().count(b"\n") == chunks
    prepare(settings_of(data, tmp_path / "store"), SKELETONS["kinect20"], workers=2)
    assert content(tmp_path / "store") == expected
    assert [path.name for path in tmp_path.iterdir()] == ["store"]


def wait_for_end(processes: list[int]) -> None:
    """The workers of a killed process must not outlive it."""
    while any(running(process) for process in processes):  # the general time-out applies if they never do
        time.sleep(0.02)


def running(process: int) -> bool:
    try:
        status = Path(f"/proc/{process}/stat").read_text()
    except OSError:
        return False
    return status.rpartition(")")[2].split()[0] != "Z"


INTERRUPTED_WHILE_IT_STARTS_ANOTHER = """
import os, signal, subprocess, sys, threading, time
from live_stf.data.chunks import interrupts_held_back
done = threading.Event()
threading.Thread(target=done.wait).start()  # a signal may reach any thread that listens
asks = "import signal; print(signal.SIGINT in signal.pthread_sigmask(signal.SIG_BLOCK, []))"
try:
    with interrupts_held_back():
        os.kill(os.getpid(), signal.SIGINT)
        child = subprocess.run([sys.executable, "-c", asks], capture_output=True, text=True)
        print("held back by the child:", child.stdout.strip())
    print("lost")
except KeyboardInterrupt:
    print("received afterwards")
print("as before:", signal.getsignal(signal.SIGINT) is signal.default_int_handler)
done.set()
"""


def test_new_processes_ignore_ctrl_c_and_their_parent_receives_it_afterwards():
    done = subprocess.run(
        [sys.executable, "-c", INTERRUPTED_WHILE_IT_STARTS_ANOTHER], capture_output=True, text=True, check=True
    )
    assert done.stdout.split("\n") == ["held back by the child: True", "received afterwards", "as before: True", ""]


def test_ctrl_c_prints_one_line_and_the_same_command_continues(data, expected, tmp_path, capfd):
    status, readers, messages = stop_at_step(STEPS + 1, "interrupt", data, tmp_path / "store")
    assert status == 130
    assert messages.splitlines()[-1] == "stopped; the same command continues from here"
    assert "Traceback" not in messages
    wait_for_end(readers)
    assert main(["prepare", "nw-ucla", "--root", str(data), "--output", str(tmp_path / "store"), "--workers", "2"]) == 0
    assert "were read before" in capfd.readouterr().err
    assert content(tmp_path / "store") == expected


def test_remains_of_an_interrupted_write_are_dropped(tmp_path):
    from tests.data.test_store import make_clip

    clips = [make_clip(frames=3 + number, seed=number, bodies=1 + number % 3) for number in range(6)]
    write_store(clips, tmp_path / "expected")
    workplace = tmp_path / "work"
    workplace.mkdir()
    for number, clip in enumerate(clips):
        growing = GrowingStore(workplace, OPENPOSE_18)
        assert growing.chunks == number
        write_store([clip], tmp_path / "chunk")
        growing.append(tmp_path / "chunk")
        growing.close()
        with (workplace / "journal.jsonl").open("ab") as journal:
            journal.write(b'{"rows": 10000, "col')
        with (workplace / "store" / "scores.npy").open("ab") as scores:
            scores.write(bytes(100))
    growing = GrowingStore(workplace, OPENPOSE_18)
    report = growing.finish(tmp_path / "store")
    assert report.clips == 6
    assert content(tmp_path / "store") == content(tmp_path / "expected")


def interrupted_after_one(append: Callable[..., None]) -> Callable[..., None]:
    def interrupted(self: GrowingStore, folder: Path) -> None:
        if self.chunks:
            raise KeyboardInterrupt
        append(self, folder)

    return interrupted


def test_another_data_set_or_recipe_starts_over(data, tmp_path, capfd, monkeypatch):
    words = ["prepare", "nw-ucla", "--root", str(data), "--output", str(tmp_path / "store"), "--workers", "1"]
    with monkeypatch.context() as patch:
        patch.setattr(GrowingStore, "append", interrupted_after_one(GrowingStore.append))
        assert main([*words, "preparation.stream=bone"]) == 130
    assert (tmp_path / "store.partial" / "journal.jsonl").read_bytes().count(b"\n") == 1
    more = ["data.sources.nw-ucla.options.skeleton=openpose18", "preparation.skeleton=openpose18"]
    assert main([*words, *more, "preparation.coordinates=body"]) == 0
    assert "starting over" in capfd.readouterr().err
    assert Store(tmp_path / "store").skeleton == OPENPOSE_18
    assert len(Store(tmp_path / "store")) == TAKES - 3


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["nw-ucla", "--root", "/nowhere"], "/nowhere/nw-ucla/all_sqe is not there"),
        (["nobody"], "no recipe 'nobody'"),
        (["nw-ucla", "--root", ""], "data.root is not set: give data.root=DIR or set LIVE_STF_DATA"),
        (["nw-ucla", "data.sources.nw-ucla.reader=store"], "reader 'store' is not known"),
        (["nw-ucla", "data.sources.nw-ucla.reader=../x"], "reader '../x' is not known"),
        (["nw-ucla", "data.sources.nw-ucla.options.views=3"], "reader nw_ucla: options"),
        (["nw-ucla", "data.sources.nw-ucla.options.skeleton=octopus"], "skeleton 'octopus' cannot be read"),
        (["nw-ucla", "preparation.skeleton=openpose18", "preparation.coordinates=body"], "the store holds openpose18"),
    ],
)
def test_errors_are_reported_in_one_line(data, tmp_path, capsys, monkeypatch, words, message):
    monkeypatch.delenv("LIVE_STF_DATA", raising=False)
    words = words if "--root" in words else [*words, "--root", str(data)]
    assert main(["prepare", *words, "--output", str(tmp_path / "store"), "--workers", "1"]) == 2
    error = [line for line in capsys.readouterr().err.splitlines() if line.startswith("error: ")]
    assert len(error) == 1
    assert message in error[0]
    assert not (tmp_path / "store").exists()


def test_a_complete_store_and_other_folders_are_not_replaced(data, tmp_path, capsys):
    write_store([], tmp_path / "store")
    before = content(tmp_path / "store")
    assert main(["prepare", "nw-ucla", "--root", str(data), "--output", str(tmp_path / "store")]) == 2
    assert "is already complete" in capsys.readouterr().err
    assert content(tmp_path / "store") == before
    (tmp_path / "photos").mkdir()
    (tmp_path / "photos" / "a.jpg").write_bytes(b"x")
    assert main(["prepare", "nw-ucla", "--root", str(data), "--output", str(tmp_path / "photos")]) == 2
    assert "is not an array store" in capsys.readouterr().err
    assert sorted(path.name for path in tmp_path.iterdir()) == ["photos", "store"]


def test_a_store_of_another_version_is_replaced(data, expected, tmp_path):
    write_store([], tmp_path / "store")
    index = tmp_path / "store" / "index.json"
    index.write_bytes(orjson.dumps({**orjson.loads(index.read_bytes()), "version": 1}))
    words = ["--root", str(data), "--output", str(tmp_path / "store"), "--workers", "1"]
    assert main(["prepare", "nw-ucla", *words]) == 0
    assert content(tmp_path / "store") == expected
