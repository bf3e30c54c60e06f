"""NTU RGB+D's .skeleton files: what Kinect v2 saw, frame by frame.

Numbers with white space between them: how many frames; for each frame how many bodies; for each body 10 numbers (first
the id that Kinect follows it by), how many joints, and 12 numbers a joint, of which the first three are x, y, z in
metres in the camera's space. Layout: read_skeleton_file.m of the data set's authors.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from live_stf.skeleton import NTU_25

_JOINTS = len(NTU_25)
_BODY, _JOINT = 10, 12  # numbers of a body before its count of joints, and of a joint
_LONGEST = 3000  # frames; the data set's longest clip has 300, so a larger number is damage


@dataclass(frozen=True, eq=False)
class Recording:
    """R bodies in the file's order.

    Attributes:
        frames: number of frames of the file.
        frame: (R,) the frame of each body, from 0.
        place: (R,) its place in that frame's list, from 0.
        track: (R,) the id that Kinect gave it.
        joints: (R, 25, 3) float64, metres in the camera's space.
    """

    frames: int
    frame: np.ndarray
    place: np.ndarray
    track: np.ndarray
    joints: np.ndarray


def parse(content: bytes) -> Recording:
    """The recording in a file's content. Bodies with a joint that is not finite are left out.

    Raises ValueError if the content is not of the format; the message says where.
    """
    words = content.split()
    if not words:
        raise ValueError("the file is empty")
    frames, at = _count(words, 0), 1
    if frames > _LONGEST:
        raise ValueError(f"{frames} frames are too many for a clip")
    # Ids have 17 digits and stay text: as floating point numbers some of them would be equal.
    frame, place, track, numbers = [], [], [], []
    for number in range(frames):
        bodies = _count(words, at)
        at += 1
        for body in range(bodies):
            joints = at + _BODY + 1
            if _count(words, joints - 1) != _JOINTS:
                raise ValueError(f"frame {number + 1}: a body of {int(words[joints - 1])} joints, not {_JOINTS}")
            end = joints + _JOINTS * _JOINT
            if end > len(words):
                raise ValueError(f"the file ends in frame {number + 1} of {frames}")
            frame.append(number)
            place.append(body)
            track.append(words[at])
            for axis in range(3):
                numbers += words[joints + axis : end : _JOINT]
            at = end
    if at != len(words):
        raise ValueError(f"{len(words) - at} more numbers than {frames} frames have")
    measured = np.array(numbers, dtype=np.float64).reshape(-1, 3, _JOINTS).swapaxes(1, 2)
    whole = np.isfinite(measured).all(axis=(1, 2))
    return Recording(
        frames,
        np.array(frame, dtype=np.int64)[whole],
        np.array(place, dtype=np.int64)[whole],
        np.array(track, dtype=np.bytes_)[whole],
        measured[whole],
    )


def _count(words: list[bytes], at: int) -> int:
    """The count at a place. Raises ValueError if there is none."""
    if at >= len(words):
        raise ValueError("the file ends too early")
    if not words[at].isdigit():
        raise ValueError(f"{words[at][:20].decode('ascii', 'replace')!r} where a count should be")
    return int(words[at])
