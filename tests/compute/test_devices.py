"""Devices are tried out in processes of their own, and one that dies or answers wrongly is skipped with its reason."""

from __future__ import annotations

import os
import stat
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from dppix_engine.compute import devices
from dppix_engine.compute.devices import DeviceReport, NumpyCandidate, open_engine, survey
from dppix_engine.compute.engine import Halves
from dppix_engine.compute.self_test import check, pattern
from dppix_engine.errors import DeviceError


@pytest.fixture
def empty_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("DPPIX_CACHE_DIR", str(tmp_path / "cache"))
    return tmp_path / "cache"


def child_that_runs(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, script: str) -> None:
    """Let every probe run this shell script instead."""
    fake = tmp_path / "interpreter"
    fake.write_text(f"#!/bin/sh\n{script}\n")
    fake.chmod(fake.stat().st_mode | stat.S_IXUSR)
    monkeypatch.setattr(devices.sys, "executable", str(fake))


ONE_DEVICE = """[ "$3" = list ] && echo '[{"platform":0,"device":0,"name":"Toy","kind":"GPU"}]' && exit 0"""


def test_numpy_is_always_there_and_passes() -> None:
    reports = survey()
    assert [report.passed for report in reports if report.choice == "numpy"] == [True]
    assert sum(report.automatic for report in reports) == 1


def test_a_device_that_aborts_its_process_is_skipped_with_its_reason(
    empty_cache: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    child_that_runs(monkeypatch, tmp_path, f"{ONE_DEVICE}\necho 'pocl error: no linker' >&2\nkill -ABRT $$")
    toy = next(report for report in survey() if report.name == "Toy")
    assert not toy.passed
    assert "signal 6" in toy.reason
    assert "install gcc" in toy.reason
    with pytest.raises(DeviceError, match="signal 6"):
        open_engine("opencl:0:0")
    notices: list[str] = []
    open_engine("auto", notice=notices.append)
    assert len(notices) == 1
    assert "Toy is skipped" in notices[0]


def test_without_any_opencl_the_program_goes_on_with_numpy(
    empty_cache: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    child_that_runs(monkeypatch, tmp_path, "echo 'ImportError: no pyopencl' >&2\nexit 1")
    assert open_engine("auto").name == NumpyCandidate.label
    with pytest.raises(DeviceError, match="ImportError"):
        open_engine("opencl")


def test_a_device_that_hangs_is_skipped(empty_cache: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    child_that_runs(monkeypatch, tmp_path, f"{ONE_DEVICE}\nexec sleep 30")
    monkeypatch.setattr(devices, "_TEST_SECONDS", 0.5)
    toy = next(report for report in survey() if report.name == "Toy")
    assert "did not end" in toy.reason


@pytest.mark.parametrize("choice", ["", "cuda", "opencl:0", "opencl:a:b", "opencl:0:0:0", "opencl:-1:0", "opencl:9:9"])
def test_a_device_that_is_not_there_is_refused_in_one_line(choice: str) -> None:
    with pytest.raises(DeviceError) as caught:
        open_engine(choice)
    assert "\n" not in caught.value.line
    assert caught.value.advice


def test_results_are_kept_until_something_they_depend_on_changes(
    empty_cache: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = survey()
    child_that_runs(monkeypatch, tmp_path, "exit 1")
    assert survey() == first
    monkeypatch.setenv("PATH", str(tmp_path))  # no linker any more
    assert survey() != first


def test_a_damaged_file_of_kept_results_is_no_result(empty_cache: Path) -> None:
    first = survey()
    (empty_cache / "devices.json").write_text("{")
    assert {report.choice for report in survey()} == {report.choice for report in first}


def test_gpus_come_before_cpus_and_the_faster_first() -> None:
    made = [
        DeviceReport("numpy", "n", "CPU", True, "", 20.0, ""),
        DeviceReport("opencl:0:0", "c", "CPU", True, "", 2.0, "strip"),
        DeviceReport("opencl:1:0", "g", "GPU", True, "", 3.0, "item"),
        DeviceReport("opencl:1:1", "h", "GPU", True, "", 1.0, "item"),
        DeviceReport("opencl:2:0", "x", "GPU", False, "died", None, ""),
    ]
    ranked = devices._ranked(made)
    assert [report.name for report in ranked] == ["h", "g", "c", "n", "x"]
    assert [report.automatic for report in ranked] == [True, False, False, False, False]


class _WrongSums:
    """An oracle whose sums are off by one, once in a while."""

    def __init__(self) -> None:
        self._right = NumpyCandidate().open().release

    def __getattr__(self, name: str) -> object:
        return getattr(self._right, name)

    def cell_sums(self, pixels: np.ndarray, layout: object) -> tuple[np.ndarray, ...]:
        sums = self._right.cell_sums(pixels, layout)  # type: ignore[arg-type]
        sums[0][-1, -1] += 1
        return sums


def test_the_self_test_finds_one_wrong_sum_in_one_edge_cell() -> None:
    check(NumpyCandidate().open())
    with pytest.raises(DeviceError, match="cell sums"):
        check(Halves(_WrongSums(), NumpyCandidate().open().render))  # type: ignore[arg-type]


def test_the_test_pattern_holds_every_value() -> None:
    assert set(np.unique(pattern(101, 67, 3))) == set(range(256))


@pytest.mark.slow
def test_pocl_without_a_linker_is_skipped_and_the_program_goes_on(tmp_path: Path) -> None:
    if not any(report.choice != "numpy" and report.passed for report in survey()):
        pytest.skip("there is no OpenCL device here that could lose its linker")
    tools = tmp_path / "tools"
    tools.mkdir()
    environment = {
        **{name: value for name, value in os.environ.items() if name != "POCL_CACHE_DIR"},
        "PATH": str(tools),
        "DPPIX_CACHE_DIR": str(tmp_path / "cache"),
    }
    script = "from dppix_engine.compute.devices import survey\nfor r in survey(): print(r.choice, r.passed, r.reason)"
    ended = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, env=environment, check=False, timeout=200
    )
    assert ended.returncode == 0, ended.stderr
    assert "numpy True" in ended.stdout
