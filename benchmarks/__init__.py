"""Programs that measure the project itself; start each from the root of the checkout.

    python -m benchmarks.stages CLIP         time of every stage per frame, and rates of the live loop
    python -m benchmarks.window              how long the interface thread is busy at a time
    python -m benchmarks.soak                the live loop for an hour on a camera with faults
    python -m benchmarks.pose_agreement      how closely two pose estimators agree
    python -m benchmarks.identity_switches   how often people who cross exchange their identities
    python -m benchmarks.data_reading        how fast a training reads its windows from the store

benchmarks/README.md has more about them.
"""

FROM_ROOT = "Start this program from the root of the checkout; see benchmarks/README.md."
