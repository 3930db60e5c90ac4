"""The benchmark measures what its rows say, against memcpy and the mosaic in the same run."""

from __future__ import annotations

import numpy as np
import pytest

from dppix_engine.compute.devices import open_engine
from dppix_engine.errors import UsageError
from dppix_engine.evaluation.bench import FRAME_ROWS, SLOTS, _fresh_frames, row_names, run_bench


def test_every_row_that_this_version_can_measure_is_named_as_scripts_know_it() -> None:
    assert row_names() == (
        "uniform-1080p",
        "uniform-1080p-cell4",
        "uniform-2160p",
        "denoised-1080p",
        "slider-12mp",
        "gui-heartbeat",
        "startup",
    )


@pytest.mark.slow
def test_a_row_holds_at_least_fifty_counted_runs_and_both_yardsticks() -> None:
    (row,) = run_bench(only="uniform-1080p", engine=open_engine("auto"))
    assert row["name"] == "uniform-1080p"
    assert row["runs"] >= 50
    assert 0 < row["memcpy_ms"] < row["ms"]
    assert row["mosaic_ms"] > 0


def test_no_frame_comes_twice_and_each_has_left_the_cache_before_its_memory_is_used_again() -> None:
    frames = _fresh_frames(64, 48)
    seen = {next(frames).tobytes() for _ in range(60)}
    assert len(seen) == 60
    width, height, _ = FRAME_ROWS["uniform-1080p"]
    assert SLOTS * width * height * 3 > 64 << 20
    assert next(frames).dtype == np.uint8


def test_an_unknown_row_is_refused_with_the_names_of_the_others() -> None:
    with pytest.raises(UsageError, match="uniform-1080p"):
        run_bench(only="fast", engine=open_engine("numpy"))
