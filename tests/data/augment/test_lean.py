"""Bodies that lean more or less far forward while they crouch."""

from __future__ import annotations

import numpy as np
import pytest

from live_stf.data.augment.lean import leaning
from live_stf.skeleton import OPENPOSE_18

HIPS, KNEES, ANKLES, SHOULDERS = (
    [OPENPOSE_18.index(f"{side}_{name}") for side in ("left", "right")] for name in ("hip", "knee", "ankle", "shoulder")
)
LEGS = [*HIPS, *KNEES, *ANKLES]
NECK = OPENPOSE_18.index("neck")


def crouching(heights: np.ndarray) -> np.ndarray:
    """(T, 18, 3) somebody who looks along z, the left side at positive x, with hips at `heights` over the ankles."""
    body = np.zeros((len(heights), 18, 3))
    for joints, sideways, above in ((ANKLES, 0.1, None), (KNEES, 0.1, -0.3), (HIPS, 0.1, 0.0), (SHOULDERS, 0.2, 0.5)):
        for joint, sign in zip(joints, (1, -1), strict=True):
            body[:, joint, 0] = sign * sideways
            body[:, joint, 1] = 0.0 if above is None else heights + above
    body[:, NECK, 1] = heights + 0.5
    return body


def test_a_standing_person_does_not_lean_and_a_crouching_one_leans_by_the_angle() -> None:
    body = crouching(np.array([0.8] * 10 + [0.6, 0.4]))
    leaned = leaning(body, np.ones(body.shape[:2]), OPENPOSE_18, 0.5)
    np.testing.assert_allclose(leaned[:10], body[:10], atol=1e-12)
    np.testing.assert_array_equal(leaned[:, LEGS], body[:, LEGS])
    trunk = leaned[:, NECK] - leaned[:, HIPS].mean(axis=1)
    np.testing.assert_allclose(np.linalg.norm(trunk, axis=1), 0.5, atol=1e-12)
    assert np.arctan2(trunk[10:, 2], trunk[10:, 1]) == pytest.approx([0.25, 0.5])  # forwards: along z


def test_a_skeleton_without_an_ankle_does_not_change() -> None:
    body = crouching(np.array([0.8] * 10 + [0.4]))
    scores = np.ones(body.shape[:2])
    scores[4, ANKLES[1]] = 0
    assert leaning(body, scores, OPENPOSE_18, 0.5) is body


def test_a_person_who_never_stands_does_not_change() -> None:
    body = crouching(np.full(6, 0.15))
    assert leaning(body, np.ones(body.shape[:2]), OPENPOSE_18, 0.5) is body
