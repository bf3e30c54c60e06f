"""The ring buffer of one person's motion."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from live_stf.preparation.window_buffer import SceneBuffer, WindowBuffer, observations, open_buffer
from live_stf.types import SCENE, People, Person

SIZE = (640, 360)


def joints_at(x: float) -> np.ndarray:
    joints = np.ones((18, 3), np.float32)
    joints[:, 0] = x
    return joints


def filled_buffer(times, span=2.0, frames=20, **options) -> WindowBuffer:
    """x of every joint is 10 times the time of its observation."""
    buffer = WindowBuffer(1, SIZE, span, frames, **options)
    for time in times:
        buffer.add(time, joints_at(10 * time))
    return buffer


def test_a_full_window_is_on_a_uniform_grid_that_ends_at_the_newest():
    window = filled_buffer(np.arange(0, 5, 1 / 30)).window()
    newest = 149 / 30
    assert window.joints.shape == (20, 18, 3)
    assert (window.identity, window.size) == (1, SIZE)
    assert window.time == pytest.approx(newest)
    assert window.filled == 1.0
    np.testing.assert_allclose(window.joints[:, 0, 0], 10 * (newest - 0.1 * np.arange(19, -1, -1)), rtol=1e-5)


@pytest.mark.parametrize("rate", [7, 10, 15, 24, 30, 60, 120])
def test_the_camera_rate_does_not_change_an_even_motion(rate):
    times = np.arange(0, 6 + 1e-9, 1 / rate)
    window = filled_buffer(times).window(end=5.9)
    np.testing.assert_allclose(window.joints[:, 0, 0], 10 * (5.9 - 0.1 * np.arange(19, -1, -1)), rtol=1e-4)


def test_a_stall_and_dropped_frames_do_not_change_an_even_motion():
    times = [t for t in np.arange(0, 5, 1 / 30) if not 3.5 < t < 3.9 and round(t * 30) % 7]
    window = filled_buffer(times).window(end=4.9)
    np.testing.assert_allclose(window.joints[:, 0, 0], 10 * (4.9 - 0.1 * np.arange(19, -1, -1)), rtol=1e-4)


def test_a_short_history_is_repeated_not_padded():
    window = filled_buffer(np.arange(1.0, 1.51, 0.1)).window()
    assert window.filled == pytest.approx(0.25)
    assert (window.joints[..., 2] > 0).all()
    np.testing.assert_allclose(window.joints[-6:, 0, 0], [10, 11, 12, 13, 14, 15], rtol=1e-5)
    np.testing.assert_allclose(window.joints[-12:-6], window.joints[-6:], rtol=1e-5)


def test_one_observation_fills_a_window_by_itself():
    window = filled_buffer([3.0]).window()
    assert window.filled == 0.0
    np.testing.assert_allclose(window.joints[:, :, 0], 30)


def test_memory_is_bounded_by_time():
    assert len(filled_buffer(np.arange(0, 100, 0.1))) <= 22
    assert len(filled_buffer(np.arange(0, 10, 0.001))) <= 2002
    assert len(filled_buffer(np.arange(0, 100, 0.1), history=5.0)) <= 52


def test_a_gap_longer_than_the_span_clears_it():
    buffer = filled_buffer([0.0, 0.1, 0.2])
    buffer.add(2.05, joints_at(0))
    assert len(buffer) == 4
    buffer.add(4.2, joints_at(0))
    assert len(buffer) == 1
    assert buffer.seen == 0.0


def test_long_gaps_do_not_count_as_seen():
    buffer = filled_buffer([0.0, 0.1, 0.2, 1.2, 1.3])
    assert buffer.seen == pytest.approx(0.3)
    assert buffer.filled == pytest.approx(0.15)
    assert buffer.window().filled == pytest.approx(0.15)
    for time in np.arange(1.4, 4.0, 0.1):
        buffer.add(time, joints_at(0))
    assert buffer.seen == pytest.approx(2.0)
    assert buffer.filled == 1.0


def test_times_have_to_ascend():
    buffer = filled_buffer([1.0])
    for time in (1.0, 0.5):
        with pytest.raises(ValueError, match="ascending"):
            buffer.add(time, joints_at(0))


def test_an_empty_buffer_has_no_window():
    with pytest.raises(ValueError, match="nothing was seen"):
        WindowBuffer(1, SIZE, 2.0, 20).window()
    with pytest.raises(ValueError, match="nothing was seen"):
        filled_buffer([5.0, 5.1]).window(end=3.0)


def test_a_window_in_the_past_has_no_later_observations():
    window = filled_buffer(np.arange(0, 5.01, 0.1), history=5.0).window(end=3.0, time=2.0)
    assert window.time == 2.0
    np.testing.assert_allclose(window.joints[:, 0, 0], 10 * (3.0 - 0.1 * np.arange(19, -1, -1)), atol=1e-3)


def test_a_window_with_a_start_has_no_earlier_observations():
    window = filled_buffer(np.arange(0, 5.01, 0.1), history=5.0).window(end=4.0, start=3.0)
    assert window.filled == pytest.approx(0.5)
    assert window.joints[:, 0, 0].min() == pytest.approx(30.0, abs=1e-3)
    assert window.joints[-1, 0, 0] == pytest.approx(40.0, abs=1e-3)


@given(st.lists(st.floats(0.001, 3.0), min_size=1, max_size=60))
def test_at_any_cadence_a_window_holds_only_observations_of_its_span(steps):
    times = np.cumsum(steps)
    buffer = filled_buffer(times)
    window = buffer.window()
    x = window.joints[..., 0][window.joints[..., 2] > 0]
    assert 0 <= window.filled <= 1
    assert window.joints[-1, 0, 0] == pytest.approx(10 * times[-1], rel=1e-4)
    assert (x >= 10 * (times[-1] - 2.0) - 1e-2).all()
    assert (x <= 10 * times[-1] * (1 + 1e-5)).all()


def persons_at(time: float, *identities: int, score: float = 1.0) -> list[Person]:
    """x of every joint is 10 times the time plus 100 times the identity."""
    persons = []
    for identity in identities:
        joints = joints_at(10 * time + 100 * identity)
        joints[:, 2] = score / identity
        persons.append(Person(joints, identity))
    return persons


def test_a_scene_has_all_people_on_one_grid_highest_scores_first():
    scene, alone = SceneBuffer(SIZE, 2.0, 20), {identity: WindowBuffer(identity, SIZE, 2.0, 20) for identity in (1, 2)}
    for time in np.arange(0, 3, 1 / 30):
        for person in (persons := persons_at(time, 2, 1)):
            alone[person.identity].add(time, person.joints)
        scene.add(time, persons)
    window = scene.window()
    assert (window.identity, window.joints.shape, window.filled) == (SCENE, (2, 20, 18, 3), 1.0)
    for place, identity in enumerate((1, 2)):
        np.testing.assert_allclose(window.joints[place], alone[identity].window().joints, rtol=1e-5)


def test_a_person_in_a_scene_for_part_of_the_time_is_absent_otherwise():
    scene = SceneBuffer(SIZE, 2.0, 20)
    for time in np.arange(0, 2.01, 0.05):
        scene.add(time, persons_at(time, 1) if time < 1.0 else persons_at(time, 1, 2))
    first, second = scene.window().joints
    assert (first[..., 2] > 0).all()
    assert (second[:7] == 0).all()
    assert (second[-10:, :, 2] > 0).all()


def test_a_scene_with_a_short_history_is_repeated_as_a_whole():
    scene = SceneBuffer(SIZE, 2.0, 20)
    for time in np.arange(0, 0.91, 0.1):
        scene.add(time, persons_at(time, 1, 2))
    window = scene.window()
    assert window.filled == pytest.approx(0.45)
    np.testing.assert_allclose(window.joints[:, :10], window.joints[:, 10:], rtol=1e-5)
    np.testing.assert_allclose(window.joints[1, :, 0, 0] - window.joints[0, :, 0, 0], 100, rtol=1e-5)


def test_a_scene_keeps_the_people_with_the_highest_scores_and_bounded_memory():
    scene = SceneBuffer(SIZE, 2.0, 20, most=2)
    for time in np.arange(0, 60, 0.1):
        scene.add(time, persons_at(time, 4, 3, 1, 2))
    joints = scene.window().joints
    assert joints.shape == (2, 20, 18, 3)
    np.testing.assert_allclose(joints[:, 0, 0, 2], [1.0, 0.5])
    assert len(scene) <= 22


def test_observations_are_grouped_by_person_or_as_a_scene():
    people = People(0.0, SIZE, (*persons_at(0.0, 1, 3), Person(joints_at(0), 0)))
    assert [identity for identity, _ in observations(people, together=False)] == [1, 3]
    ((identity, persons),) = observations(people, together=True)
    assert identity == SCENE
    assert [person.identity for person in persons] == [1, 3]
    assert observations(People(0.0, SIZE), together=True) == []
    assert isinstance(open_buffer(SCENE, SIZE, 2.0, 20), SceneBuffer)
    assert type(open_buffer(1, SIZE, 2.0, 20)) is WindowBuffer
