from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from scipy.spatial.transform import Rotation

from live_stf.data.formats.head import FACE, add_face, face
from live_stf.skeleton import OPENPOSE_18

HEAD = np.array([[0.0, 1.7, 0.0]])
NECK = np.array([[0.0, 1.45, 0.0]])
LEFT, RIGHT = np.array([[0.2, 1.45, 0.0]]), np.array([[-0.2, 1.45, 0.0]])


def body() -> tuple[np.ndarray, np.ndarray]:
    coordinates, scores = np.zeros((1, 18, 3), np.float32), np.zeros((1, 18), np.float32)
    for joint, point in (("neck", NECK), ("left_shoulder", LEFT), ("right_shoulder", RIGHT)):
        coordinates[:, OPENPOSE_18.index(joint)], scores[:, OPENPOSE_18.index(joint)] = point, 1
    return coordinates, scores


def test_a_head_with_its_left_at_plus_x_faces_plus_z():
    joints, known = face(HEAD, NECK, LEFT, RIGHT)
    assert known.all()
    np.testing.assert_allclose(joints["nose"], [[0, 1.665, 0.12]], atol=1e-12)
    np.testing.assert_allclose(joints["left_eye"], [[0.032, 1.7, 0.08]], atol=1e-12)
    np.testing.assert_allclose(joints["right_ear"], [[-0.07, 1.69, 0.0]], atol=1e-12)


def test_a_head_that_hangs_forward_looks_down():
    joints, _ = face(NECK + np.array([0, 0, 0.25]), NECK, LEFT, RIGHT)
    assert joints["nose"][0, 1] < NECK[0, 1] - 0.1


@given(st.lists(st.floats(-3, 3), min_size=6, max_size=6))
def test_the_face_turns_and_moves_with_the_body(values):
    turn, move = Rotation.from_rotvec(values[:3]), np.array(values[3:])
    points = [HEAD, NECK, LEFT, RIGHT]
    before, _ = face(*points)
    after, known = face(*(turn.apply(point) + move for point in points))
    assert known.all()
    for joint in FACE:
        np.testing.assert_allclose(after[joint], turn.apply(before[joint]) + move, atol=1e-9)


def test_without_directions_the_face_is_unknown():
    points = [np.repeat(point, 4, axis=0) for point in (HEAD, NECK, LEFT, RIGHT)]
    points[0][0] = np.nan
    points[0][1] = points[1][1]
    points[2][2] = points[3][2]
    points[2][3], points[3][3] = [0, 1.6, 0], [0, 1.3, 0]
    joints, known = face(*points)
    assert not known.any()
    assert all((joints[joint] == 0).all() for joint in FACE)


def test_add_face_fills_five_joints_and_leaves_the_others_and_its_input_alone():
    coordinates, scores = body()
    given_coordinates = coordinates.copy()
    filled, filled_scores = add_face(coordinates, scores, HEAD)
    np.testing.assert_array_equal(coordinates, given_coordinates)
    faces = [OPENPOSE_18.index(joint) for joint in FACE]
    others = [joint for joint in range(18) if joint not in faces]
    assert (filled_scores[:, faces] == 1).all()
    np.testing.assert_array_equal(filled[:, others], coordinates[:, others])
    np.testing.assert_array_equal(filled_scores[:, others], scores[:, others])
    np.testing.assert_allclose(filled[0, OPENPOSE_18.index("nose")], [0, 1.665, 0.12], atol=1e-6)


def test_add_face_without_a_head_or_a_shoulder_adds_nothing():
    coordinates, scores = body()
    for head, lost in ((np.full((1, 3), np.nan), None), (HEAD, "left_shoulder")):
        part = scores.copy()
        if lost:
            part[:, OPENPOSE_18.index(lost)] = 0
        filled, filled_scores = add_face(coordinates, part, head)
        for joint in FACE:
            assert filled_scores[0, OPENPOSE_18.index(joint)] == 0
            assert (filled[0, OPENPOSE_18.index(joint)] == 0).all()
