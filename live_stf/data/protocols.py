"""The published splits of benchmarks: whether a clip is tested on, by its name, subject or subset.

NTU RGB+D names every clip SsssCcccPpppRrrrAaaa: setup, camera, performer, replication, action. The lists of training
subjects, cameras and setups are those of the data set's authors:

- NTU RGB+D (60 actions), cross-subject and cross-view: A. Shahroudy, J. Liu, T.-T. Ng, G. Wang, "NTU RGB+D: A Large
  Scale Dataset for 3D Human Activity Analysis", CVPR 2016, section 3.2.
- NTU RGB+D 120, cross-subject and cross-setup: J. Liu, A. Shahroudy, M. Perez, G. Wang, L.-Y. Duan, A. C. Kot, "NTU
  RGB+D 120: A Large-Scale Benchmark for 3D Human Activity Understanding", TPAMI 2020.
- Northwestern-UCLA, cross-view: J. Wang, X. Nie, Y. Xia, Y. Wu, S.-C. Zhu, "Cross-view Action Modeling, Learning and
  Recognition", CVPR 2014: views 1 and 2 train, view 3 tests.
- Data sets that are published in parts (Kinetics-skeleton; arrays and pickles with a split): the part that holds the
  clip.
"""

from __future__ import annotations

from collections.abc import Callable

from live_stf.data.formats.ntu_names import Sample, parse_name
from live_stf.data.readers import nw_ucla
from live_stf.errors import DataError

NTU60_TRAINING_SUBJECTS = frozenset({1, 2, 4, 5, 8, 9, 13, 14, 15, 16, 17, 18, 19, 25, 27, 28, 31, 34, 35, 38})
NTU60_TRAINING_CAMERAS = frozenset({2, 3})
NTU120_TRAINING_SUBJECTS = NTU60_TRAINING_SUBJECTS | {
    45, 46, 47, 49, 50, 52, 53, 54, 55, 56, 57, 58, 59, 70, 74, 78, 80, 81, 82, 83, 84, 85, 86, 89, 91, 92, 93, 94, 95,
    97, 98, 100, 103,
}  # fmt: skip
TRAINING_SUBSETS = ("train",)
TEST_SUBSETS = ("val", "test")

Protocol = Callable[[str, str, str], bool]


def _ntu(name: str) -> Sample:
    """The parts of an NTU RGB+D name. Raises DataError if it is not one."""
    sample = parse_name(name)
    if sample is None:
        raise DataError(f"clip {name!r} has no NTU RGB+D name (SsssCcccPpppRrrrAaaa): name another data.protocol")
    return sample


def ntu60_cross_subject(name: str, subject: str, subset: str) -> bool:
    """Whether the performer is one of the 20 test subjects (of 40)."""
    return _ntu(name).performer not in NTU60_TRAINING_SUBJECTS


def ntu60_cross_view(name: str, subject: str, subset: str) -> bool:
    """Whether camera 1 recorded the clip."""
    return _ntu(name).camera not in NTU60_TRAINING_CAMERAS


def ntu120_cross_subject(name: str, subject: str, subset: str) -> bool:
    """Whether the performer is one of the 53 test subjects (of 106)."""
    return _ntu(name).performer not in NTU120_TRAINING_SUBJECTS


def ntu120_cross_setup(name: str, subject: str, subset: str) -> bool:
    """Whether the clip's setup has an odd number; the 16 even ones train."""
    return _ntu(name).setup % 2 == 1


def nw_ucla_cross_view(name: str, subject: str, subset: str) -> bool:
    """Whether the clip is of view 3. Raises DataError if it has no NW-UCLA name."""
    match = nw_ucla.NAME.match(name)
    if match is None:
        raise DataError(f"clip {name!r} has no NW-UCLA name (aAA_sSS_eEE_vVV): name another data.protocol")
    return match["view"] == "03"


def published_subset(name: str, subject: str, subset: str) -> bool:
    """Whether the clip was published for validation or testing. Raises DataError if its subset is not known."""
    if subset in TEST_SUBSETS:
        return True
    if subset in TRAINING_SUBSETS:
        return False
    raise DataError(
        f"clip {name!r} belongs to the subset {subset!r}, not to one of "
        f"{', '.join((*TRAINING_SUBSETS, *TEST_SUBSETS))}: name another data.protocol"
    )


# By the name that a recipe gives as data.protocol: (name, subject, subset) of a clip -> whether it is tested on.
PROTOCOLS: dict[str, Protocol] = {
    "ntu60-xsub": ntu60_cross_subject,
    "ntu60-xview": ntu60_cross_view,
    "ntu120-xsub": ntu120_cross_subject,
    "ntu120-xset": ntu120_cross_setup,
    "nw-ucla-xview": nw_ucla_cross_view,
    "subset": published_subset,
}
