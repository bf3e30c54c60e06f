"""The joints of a clip give the network the same input in training, in evaluation and live."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from live_stf.data.clip import Clip
from live_stf.data.sources import DataSettings, SourceSettings
from live_stf.data.store import Store, write_store
from live_stf.live.person_states import PersonStates
from live_stf.model import Model
from live_stf.preparation import STREAMS, Preparation
from live_stf.training.protocol_windows import BenchmarkTest, BenchmarkTraining
from live_stf.training.recipe import Recipe
from live_stf.training.selection import select
from live_stf.types import People, Person

SIZE = (340, 256)
RATE = 30.0


def kinetics_clip(frames: int) -> Clip:
    """A clip of one body in shares of the picture; one joint is never seen, one is not for a second."""
    rng = np.random.default_rng(frames)
    coordinates = np.clip(0.5 + rng.normal(0, 0.01, (1, frames, 18, 3)).cumsum(axis=1), 0.01, 0.99)
    scores = rng.uniform(0.2, 1.0, (1, frames, 18))
    scores[:, :, 16] = 0
    scores[:, 20:50, 4] = 0
    coordinates[..., 2] = 0
    coordinates *= scores[..., None] > 0
    return Clip(
        "made", f"clip of {frames}", "", "waving", RATE, 2, coordinates.astype(np.float32), scores.astype(np.float32),
        subset="val",
    )  # fmt: skip


def clip_of_three(frames: int) -> Clip:
    """Three bodies with varying scores, one of which is present in the first half only.

    Its scores are the lowest when it leaves, because live, a lost joint is held for a quarter of a second.
    """
    bodies = [kinetics_clip(frames + number) for number in range(3)]
    coordinates = np.concatenate([body.coordinates[:, :frames] for body in bodies])
    scores = np.concatenate([body.scores[:, :frames] for body in bodies])
    scores *= 0.6 + 0.4 * np.sin(np.arange(frames) / 20 + np.arange(3)[:, None])[..., None]
    scores[2, frames // 2 - 3 : frames // 2] *= 0.01
    scores[2, frames // 2 :] = 0
    coordinates *= scores[..., None] > 0
    return Clip(**{**vars(bodies[0]), "coordinates": coordinates, "scores": scores.astype(np.float32)})


def live_input(clip: Clip, newest: int, preparation: Preparation) -> np.ndarray:
    """(C, T, V, M): the clip's frames up to `newest` seen one by one by the live program, in pixels."""
    recognizer = PersonStates(Model(Path("nowhere"), "made", ("waving",), {}, preparation))
    for frame in range(newest + 1):
        persons = []
        for number, scores in enumerate(clip.scores[:, frame]):
            joints = np.column_stack([clip.coordinates[number, frame, :, :2] * SIZE, scores]).astype(np.float32)
            persons += [Person(joints, number + 1)] if scores.any() else []
        recognizer.observe(People(frame / RATE, SIZE, tuple(persons)))
    (window,) = recognizer.windows()
    return preparation(window.joints, window.size)


@pytest.mark.parametrize("stream", STREAMS)
@pytest.mark.parametrize(("frames", "newest"), [(300, 224), (150, 149), (80, 79)])
@pytest.mark.parametrize("bodies", [1, 2])
def test_a_clip_is_the_same_input_live_as_in_training_and_evaluation(
    frames: int, newest: int, stream: str, bodies: int, tmp_path: Path
) -> None:
    """Of 300 frames the middle 150 are used; 80 frames are repeated, as live with a short history."""
    clip = kinetics_clip(frames) if bodies == 1 else clip_of_three(frames)
    write_store([clip], tmp_path / "store")
    store = Store(tmp_path / "store")
    recipe = Recipe(
        name="made",
        labels=["waving"],
        preparation=Preparation(coordinates="kinetics", scores="score", bodies=bodies, stream=stream),
        data=DataSettings(
            store="",
            protocol="subset",
            sources={"made": SourceSettings(reader="made", folder="", terms="made by a test")},
        ),
    )
    ((evaluated, target),) = BenchmarkTest(store, select(store, recipe), recipe)
    found = live_input(clip, newest, recipe.preparation)
    assert target == 0
    assert found.shape == (3, 150, 18, bodies)
    np.testing.assert_allclose(found, evaluated, atol=1e-5)

    write_store([Clip(**{**vars(clip), "subset": "train"})], tmp_path / "training")
    store = Store(tmp_path / "training")
    ((trained, _),) = BenchmarkTraining(store, select(store, recipe), recipe, 0)
    np.testing.assert_array_equal(trained, evaluated)
