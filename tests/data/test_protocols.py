"""The published splits: their sizes, and single clips whose side is known."""

from __future__ import annotations

import pytest

from live_stf.data.protocols import NTU60_TRAINING_SUBJECTS, NTU120_TRAINING_SUBJECTS, PROTOCOLS
from live_stf.errors import DataError


def ntu_name(setup: int = 1, camera: int = 1, performer: int = 1, replication: int = 1, action: int = 1) -> str:
    return f"S{setup:03}C{camera:03}P{performer:03}R{replication:03}A{action:03}"


def test_cross_subject_trains_on_half_of_the_subjects():
    test60 = [p for p in range(1, 41) if PROTOCOLS["ntu60-xsub"](ntu_name(performer=p), "", "")]
    test120 = [p for p in range(1, 107) if PROTOCOLS["ntu120-xsub"](ntu_name(performer=p), "", "")]
    assert (len(test60), len(test120)) == (20, 53)
    assert len(NTU60_TRAINING_SUBJECTS) == 20
    assert len(NTU120_TRAINING_SUBJECTS) == 53
    # The larger set keeps the split of the smaller one: its training subjects never become test subjects.
    assert [p for p in test120 if p <= 40] == test60


def test_cross_view_tests_on_camera_1():
    sides = {camera: PROTOCOLS["ntu60-xview"](ntu_name(camera=camera), "", "") for camera in (1, 2, 3)}
    assert sides == {1: True, 2: False, 3: False}


def test_cross_setup_trains_on_even_setups():
    tested = [setup for setup in range(1, 33) if PROTOCOLS["ntu120-xset"](ntu_name(setup=setup), "", "")]
    assert tested == list(range(1, 33, 2))


@pytest.mark.parametrize("protocol", ["ntu60-xsub", "ntu60-xview", "ntu120-xsub", "ntu120-xset"])
def test_a_protocol_depends_on_one_field_of_the_name(protocol):
    field = {"ntu60-xsub": "performer", "ntu60-xview": "camera", "ntu120-xsub": "performer", "ntu120-xset": "setup"}
    tests_on = PROTOCOLS[protocol]
    for one in range(1, 4):
        sides = set()
        for other in range(1, 4):
            numbers = dict.fromkeys(("setup", "camera", "performer", "replication", "action"), other)
            numbers[field[protocol]] = one
            sides.add(tests_on(ntu_name(**numbers), f"P{other:03}", "train"))
        assert len(sides) == 1


def test_nw_ucla_tests_on_view_3():
    sides = [PROTOCOLS["nw-ucla-xview"](f"a03_s03_e03_v0{view}", "s03", "") for view in (1, 2, 3)]
    assert sides == [False, False, True]


def test_the_published_subset_decides():
    assert [PROTOCOLS["subset"]("abc", "", subset) for subset in ("train", "val", "test")] == [False, True, True]


@pytest.mark.parametrize("protocol", sorted(PROTOCOLS))
def test_a_clip_of_another_data_set_is_an_error(protocol):
    with pytest.raises(DataError, match=r"name another data\.protocol"):
        PROTOCOLS[protocol]("squat-7", "", "")
