from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import orjson
import pytest

from live_stf.cli.data import main
from live_stf.data.chunks import ITEMS
from live_stf.data.growing_store import GrowingStore
from live_stf.data.prepare import prepare
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


def content(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def start(data: Path, output: Path, *more: str) -> subprocess.Popen:
    words = ["prepare", "nw-ucla", "--root", str(data), "--output", str(output), *more]
    return subprocess.Popen(
        [sys.executable, "-m", "live_stf", "data", *words], stderr=subprocess.PIPE, text=True, start_new_session=True
    )


def wait_for_progress(process: subprocess.Popen, journal: Path) -> None:
    """Until one chunk more is in the store than before, or the process has ended."""
    before = journal.stat().st_size if journal.exists() else 0
    while process.poll() is None and (not journal.exists() or journal.stat().st_size <= before):
        time.sleep(0.002)


def test_damaged_files_are_counted_listed_and_said(data, tmp_path, capfd):
    words = ["--root", str(data), "--output", str(tmp_path / "store"), "--workers", "1"]
    assert main(["prepare", "nw-ucla", *words]) == 0
    assert f"{TAKES - 3} clips" in (said := capfd.readouterr().err)
    assert "3 could not be used (nw-ucla 3)" in said
    report = orjson.loads((tmp_path / "store" / "report.json").read_bytes())
    assert [item["name"] for item in report["damaged_files"]] == [
        "a01_s00_e07_v01", "a01_s03_e00_v01", "a01_s03_e01_v01"
    ]  # fmt: skip
    assert [path.name for path in tmp_path.iterdir()] == ["store"]
    assert len(Store(tmp_path / "store")) == TAKES - 3


def test_the_number_of_processes_changes_no_byte(data, expected, tmp_path):
    recipe = load_recipe("nw-ucla", [f"data.root={data}", f"data.store={tmp_path / 'store'}"])
    report = prepare(recipe.data, SKELETONS["kinect20"], workers=2)
    assert report.clips == TAKES - 3
    assert content(tmp_path / "store") == expected


def test_the_environment_names_the_folder_of_the_data_sets(data, expected, tmp_path, monkeypatch):
    monkeypatch.setenv("LIVE_STF_DATA", str(data))
    assert main(["prepare", "nw-ucla", f"data.store={tmp_path / 'store'}", "--workers", "1"]) == 0
    assert content(tmp_path / "store") == expected


def test_a_preparation_that_is_killed_again_and_again_changes_no_byte(data, expected, tmp_path):
    rng = random.Random(1)
    kills = 0
    for _ in range(20):
        process = start(data, tmp_path / "store", "--workers", "2")
        wait_for_progress(process, tmp_path / "store.partial" / "journal.jsonl")
        time.sleep(rng.uniform(0, 0.05))
        children = children_of(process.pid)
        process.kill()
        kills += process.wait() == -signal.SIGKILL
        process.stderr.close()
        wait_for_end(children)
        if process.returncode == 0:
            break
    assert kills >= 2
    assert content(tmp_path / "store") == expected
    assert [path.name for path in tmp_path.iterdir()] == ["store"]


def children_of(process: int) -> list[int]:
    listed = Path(f"/proc/{process}/task/{process}/children")
    return [int(word) for word in listed.read_text().split()] if listed.exists() else []


def wait_for_end(processes: list[int]) -> None:
    """The workers of a killed process must not outlive it."""
    end = time.monotonic() + 20
    while any(running(process) for process in processes):
        assert time.monotonic() < end, "reading processes outlive the one that started them"
        time.sleep(0.02)


def running(process: int) -> bool:
    try:
        status = Path(f"/proc/{process}/stat").read_text()
    except OSError:
        return False
    return status.rpartition(")")[2].split()[0] != "Z"


INTERRUPTED_WHILE_IT_STARTS_ANOTHER = """
import os, signal, subprocess, sys, threading, time
from live_stf.data.chunks import deaf_to_ctrl_c
threading.Thread(target=time.sleep, args=(0.3,)).start()  # a signal may reach any thread that listens
asks = "import signal; print(signal.SIGINT in signal.pthread_sigmask(signal.SIG_BLOCK, []))"
try:
    with deaf_to_ctrl_c():
        os.kill(os.getpid(), signal.SIGINT)
        child = subprocess.run([sys.executable, "-c", asks], capture_output=True, text=True)
        print("held back by the child:", child.stdout.strip())
    print("lost")
except KeyboardInterrupt:
    print("heard afterwards")
print("as before:", signal.getsignal(signal.SIGINT) is signal.default_int_handler)
"""


def test_processes_never_hear_ctrl_c_and_the_one_that_starts_them_hears_it_afterwards():
    done = subprocess.run(
        [sys.executable, "-c", INTERRUPTED_WHILE_IT_STARTS_ANOTHER], capture_output=True, text=True, check=True
    )
    assert done.stdout.split("\n") == ["held back by the child: True", "heard afterwards", "as before: True", ""]


def test_ctrl_c_ends_it_in_one_line_and_the_same_command_goes_on(data, expected, tmp_path):
    process = start(data, tmp_path / "store", "--workers", "2")
    wait_for_progress(process, tmp_path / "store.partial" / "journal.jsonl")
    os.killpg(process.pid, signal.SIGINT)
    _, said = process.communicate(timeout=60)
    assert process.returncode == 130
    assert said.splitlines()[-1] == "stopped; the same command continues from here"
    assert "Traceback" not in said
    process = start(data, tmp_path / "store", "--workers", "2")
    _, said = process.communicate(timeout=60)
    assert process.returncode == 0
    assert "were read before" in said
    assert content(tmp_path / "store") == expected


def test_what_a_torn_write_leaves_is_dropped(tmp_path):
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


def test_another_data_set_or_recipe_begins_again(data, expected, tmp_path, capfd):
    process = start(data, tmp_path / "store", "--workers", "1", "preparation.stream=bone")
    wait_for_progress(process, tmp_path / "store.partial" / "journal.jsonl")
    process.kill()
    process.communicate()
    words = ["prepare", "nw-ucla", "--root", str(data), "--output", str(tmp_path / "store"), "--workers", "1"]
    more = ["data.sources.nw-ucla.options.skeleton=openpose18", "preparation.skeleton=openpose18"]
    assert main([*words, *more, "preparation.coordinates=body"]) == 0
    assert "beginning again" in capfd.readouterr().err
    assert Store(tmp_path / "store").skeleton == OPENPOSE_18
    assert len(Store(tmp_path / "store")) == TAKES - 3


@pytest.mark.parametrize(
    ("words", "said"),
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
def test_what_cannot_be_done_is_said_in_one_line(data, tmp_path, capsys, monkeypatch, words, said):
    monkeypatch.delenv("LIVE_STF_DATA", raising=False)
    words = words if "--root" in words else [*words, "--root", str(data)]
    assert main(["prepare", *words, "--output", str(tmp_path / "store"), "--workers", "1"]) == 2
    error = [line for line in capsys.readouterr().err.splitlines() if line.startswith("error: ")]
    assert len(error) == 1
    assert said in error[0]
    assert not (tmp_path / "store").exists()


def test_a_whole_store_and_other_folders_are_left_alone(data, tmp_path, capsys):
    write_store([], tmp_path / "store")
    before = content(tmp_path / "store")
    assert main(["prepare", "nw-ucla", "--root", str(data), "--output", str(tmp_path / "store")]) == 2
    assert "is a whole store already" in capsys.readouterr().err
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
