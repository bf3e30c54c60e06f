"""The choice of an NTU RGB+D clip's people against plain loops."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from live_stf.data.formats.ntu_bodies import by_energy, denoised
from live_stf.data.formats.ntu_file import parse
from tests.data.ntu_files import FIRST_ID, moving, skeleton_file, together


def energy_in_loops(frames: list[list[tuple[int, np.ndarray]]]) -> np.ndarray:
    """The two places with the most energy, as 2s-AGCN chooses them, body by body."""
    places = np.zeros((4, len(frames), 25, 3))
    for number, bodies in enumerate(frames):
        for place, (_, joints) in enumerate(bodies[:4]):
            places[place, number] = joints
    energy = []
    for place in places:
        present = np.array([joints for joints in place if joints.sum() != 0])
        energy.append(sum(present[:, :, axis].std() for axis in range(3)) if len(present) else 0)
    best = sorted(range(4), key=lambda place: -energy[place])[:2]
    return np.stack([places[place] for place in best])


def denoised_in_loops(frames: list[list[tuple[int, np.ndarray]]]) -> np.ndarray:
    """People as CTR-GCN finds them, track by track and frame by frame."""
    tracks: dict[int, dict] = {}
    count = 0
    for bodies in frames:
        for track, joints in bodies:
            tracks.setdefault(track, {"start": count, "joints": []})["joints"].append(joints)
        count += bool(bodies)
    for track in tracks.values():
        track["motion"] = np.concatenate(track["joints"]).var(axis=0).sum()
    if len(tracks) > 1:
        tracks = {key: track for key, track in tracks.items() if len(track["joints"]) > 11}
    for key in list(tracks):
        if len(tracks) == 1:
            break
        good = [j for j in tracks[key]["joints"] if np.ptp(j[:, 0]) <= 0.8 * np.ptp(j[:, 1])]
        noise = len(tracks[key]["joints"]) - len(good)
        if noise and noise / len(tracks[key]["joints"]) >= 0.69754:
            del tracks[key]
        elif noise:
            tracks[key]["motion"] = min(tracks[key]["motion"], np.concatenate(good).var(axis=0).sum())
    out = np.zeros((2, count, 25, 3))
    spans: list[list[int]] = [[], [0, 0]]
    for track in sorted(tracks.values(), key=lambda track: -track["motion"]):
        start, end = track["start"], track["start"] + len(track["joints"]) - 1
        for person_number in (0, 1):
            span = spans[person_number]
            if not span or min(span[1], end) - max(span[0], start) <= 0:
                for offset, joints in enumerate(track["joints"]):
                    out[person_number, start + offset] = joints
                spans[person_number] = [min(start, span[0]), max(end, span[1])] if span else [start, end]
                break
    return np.stack([out[:, number] for number in range(count) if out[:, number].any()], axis=1)


tracks = st.lists(
    st.tuples(st.integers(0, 25), st.integers(1, 25), st.sampled_from([0.0, 0.02, 0.1]), st.integers(0, 12)),
    min_size=1, max_size=5,
)  # fmt: skip


@settings(max_examples=80, deadline=None)
@given(tracks)
def test_both_choices_equal_those_of_plain_loops(drawn):
    people = []
    for number, (start, length, step, broad) in enumerate(drawn):
        somebody = moving(FIRST_ID + number, range(start, start + length), step, seed=number)
        for frame in list(somebody)[:broad]:  # these frames are noise: broader than high
            somebody[frame][1][0, 0] += 5
        people.append(somebody)
    frames = together(50, *people)
    recording = parse(skeleton_file(frames))
    np.testing.assert_allclose(by_energy(recording), energy_in_loops(frames), atol=1e-12)
    lengths = [length for _, length, _, _ in drawn]
    if len(drawn) > 1 and max(lengths) <= 11:
        with pytest.raises(ValueError, match="more than 11 frames"):
            denoised(recording)
    else:
        np.testing.assert_allclose(denoised(recording), denoised_in_loops(frames), atol=1e-12)
