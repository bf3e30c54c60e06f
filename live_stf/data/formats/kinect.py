"""Kinect bodies read as OPENPOSE_18: the joint orders of the data sets, and camera space levelled.

Kinect's skeleton space is right-handed, in metres: y up, z away from the sensor, x so that the left hand of a person
facing the sensor has the smaller x. It belongs to the sensor, which looks down on the scene in every data set here.
"""

from __future__ import annotations

import numpy as np

from live_stf.data.formats.head import add_face
from live_stf.data.reader import present, trim
from live_stf.skeleton import KINECT_20, Remap, remap_by_name

# MSR Action3D has about the same joints in its own order.
MSR_20 = tuple(
    "left_shoulder right_shoulder neck_base spine left_hip right_hip hip_center left_elbow right_elbow left_wrist "
    "right_wrist left_hand right_hand left_knee right_knee left_ankle right_ankle left_foot right_foot head".split()
)
FLORENCE_15 = tuple(
    "head neck_base spine left_shoulder left_elbow left_wrist right_shoulder right_elbow right_wrist left_hip "
    "left_knee left_ankle right_hip right_knee right_ankle".split()
)


# Without a face, which `read_body` adds.
KINECT_20_TO_OPENPOSE_18 = remap_by_name(KINECT_20.joints)
MSR_20_TO_OPENPOSE_18 = remap_by_name(MSR_20)
FLORENCE_15_TO_OPENPOSE_18 = remap_by_name(FLORENCE_15)


def level(coordinates: np.ndarray, pitch: float) -> np.ndarray:
    """Points (..., 3) of a sensor that looks `pitch` degrees down, rotated about x so that y is up."""
    angle = np.radians(pitch)
    x, y, z = np.moveaxis(coordinates, -1, 0)
    return np.stack((x, np.cos(angle) * y - np.sin(angle) * z, np.sin(angle) * y + np.cos(angle) * z), axis=-1)


def read_body(coordinates: np.ndarray, remap: Remap, pitch: float) -> tuple[np.ndarray, np.ndarray]:
    """OPENPOSE_18 coordinates (T', 18, 3) and scores (T', 18), float32, of joints (T, S, 3) in Kinect space, metres.

    Present joints have score 1. Nose, eyes and ears are placed by the head model. Frames without any joint are dropped
    at the start and the end.
    """
    coordinates, scores = present(np.asarray(coordinates, dtype=np.float64))
    coordinates = level(coordinates, pitch)
    at = remap.source.index("head")
    head = np.where(scores[:, at, None] > 0, coordinates[:, at], np.nan)
    body, body_scores = remap.apply(coordinates, scores)
    body, body_scores = add_face(body, body_scores, head)
    return trim(body, body_scores)
