"""Select the one or two people of an NTU RGB+D clip among Kinect's bodies, by the two procedures in use.

Kinect mistakes furniture for people, and loses people and finds them again under another id. `by_energy` is
the procedure of 2s-AGCN and MS-AAGCN (Shi, Zhang, Cheng, Lu, CVPR 2019 and TIP 2020), whose preparation the paper
adopts. `denoised` is that of CTR-GCN (Chen et al., ICCV 2021), with the constants of its public code, which go back to
SGN and HCN.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from live_stf.data.formats.ntu_file import Recording

BODIES = 2

_PLACES = 4  # bodies of a frame whose energy is computed
_SHORT = 11  # frames; a track that is not longer is noise
_FLAT = 0.8  # width of a body, as a share of its height, above which a frame of it is noise
_NOISY = 0.69754  # share of such frames from which on a track is noise


def by_energy(recording: Recording) -> np.ndarray:
    """(2, T, 25, 3): of the first four places of a frame, the two that move most; frames without people stay, as zeros.

    A place's energy is the sum over x, y and z of the standard deviation over all joints of its frames. Places are not
    people: if two people change places in the file, they do so in the result.
    """
    places = np.zeros((_PLACES, recording.frames, *recording.joints.shape[1:]))
    kept = recording.place < _PLACES
    places[recording.place[kept], recording.frame[kept]] = recording.joints[kept]
    seen = np.any(places, axis=(2, 3))
    energy = [
        place[frames].reshape(-1, 3).std(axis=0).sum() if frames.any() else 0.0
        for place, frames in zip(places, seen, strict=True)
    ]
    return places[np.argsort(-np.array(energy), kind="stable")[:BODIES]]


@dataclass
class _Track:
    """One id's body. joints: (L, 25, 3), in frames `start` to `end`, both included."""

    start: int
    joints: np.ndarray
    motion: float

    @property
    def end(self) -> int:
        return self.start + len(self.joints) - 1


def denoised(recording: Recording) -> np.ndarray:
    """(2, T, 25, 3): tracks without noise, put together to two people, the one that moves most first.

    If there is more than one track, those of 11 frames or fewer are dropped, then those that are in most frames
    broader than people are, except the last one. The track of the most motion, the summed variance of x, y and z,
    begins person 1. The others, by decreasing motion, join person 1 if they do not overlap with it, else person 2;
    those that overlap with both are dropped. Frames without people are left out. As in CTR-GCN's code, a track's frames
    follow each other from its first without gaps, even if Kinect lost it for some frames. Raises ValueError if no track
    is left.
    """
    tracks = _tracks(recording)
    if len(tracks) > 1:
        tracks = [track for track in tracks if len(track.joints) > _SHORT]
    if not tracks:
        raise ValueError(f"no body is there for more than {_SHORT} frames")
    tracks = sorted(_upright(tracks), key=lambda track: -track.motion)
    people = np.zeros((BODIES, len(np.unique(recording.frame)), *recording.joints.shape[1:]))
    spans = [(tracks[0].start, tracks[0].end), (0, 0)]
    people[0, tracks[0].start : tracks[0].end + 1] = tracks[0].joints
    for track in tracks[1:]:
        for person, (start, end) in enumerate(spans):
            if min(end, track.end) - max(start, track.start) <= 0:
                people[person, track.start : track.end + 1] = track.joints
                spans[person] = min(start, track.start), max(end, track.end)
                break
    return people[:, people.any(axis=(0, 2, 3))]


def _tracks(recording: Recording) -> list[_Track]:
    """A track for each id, in order of appearance. Frames without people are not counted."""
    _, frame = np.unique(recording.frame, return_inverse=True)
    _, first, track = np.unique(recording.track, return_index=True, return_inverse=True)
    tracks = []
    for number in np.argsort(first):
        rows = np.flatnonzero(track == number)
        tracks.append(_Track(int(frame[rows[0]]), recording.joints[rows], _motion(recording.joints[rows])))
    return tracks


def _motion(joints: np.ndarray) -> float:
    return float(joints.reshape(-1, 3).var(axis=0).sum())


def _upright(tracks: list[_Track]) -> list[_Track]:
    """Tracks, at least one, that are not mostly broader than high; their motion is measured without broad frames."""
    kept = list(tracks)
    for track in tracks:
        if len(kept) == 1:
            break
        width, height = np.moveaxis(np.ptp(track.joints[..., :2], axis=1), -1, 0)
        upright = width <= _FLAT * height
        if 1 - upright.mean() >= _NOISY:
            kept = [other for other in kept if other is not track]
        elif not upright.all():
            track.motion = min(track.motion, _motion(track.joints[upright]))
    return kept
