"""`ledger`, `devices`, `audit` and `bench`: tables for a person, JSON for a script."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from dppix_engine.compute import devices
from dppix_engine.compute.devices import DeviceReport
from dppix_engine.evaluation import audit, bench
from dppix_engine.folders import ledger_folder
from dppix_engine.privacy.ledger import Ledger
from tests.commands.conftest import Dppix, make_photo

REPORTS = (
    DeviceReport("opencl:0:0", "Fast GPU", "GPU", True, "", 0.5, "strip", automatic=True),
    DeviceReport("opencl:1:0", "Broken CPU", "CPU", False, "it answered wrongly", None, ""),
    DeviceReport("numpy", "NumPy (no OpenCL)", "CPU", True, "", 33.0, ""),
)


def spend(*photos: Path, label: str | None = None) -> list[str]:
    """Charge half an epsilon to each photo; their hashes."""
    from dppix_engine.privacy.composition import Charge  # noqa: PLC0415 - for this alone

    with Ledger(ledger_folder()) as ledger:
        sources = [ledger.source_of_bytes(photo.read_bytes()) for photo in photos]
        for source in sources:
            charge = Charge(Fraction(1, 2), Fraction(1, 10**28), 16)
            ledger.charge(source, charge, mechanism="uniform", unit="frame", budget=None)
            ledger.set_label(source, label)
        return [source.digest.hex() for source in sources]


def test_an_empty_ledger_says_so(dppix: Dppix) -> None:
    assert dppix("ledger").out == "nothing has been spent yet\n"
    assert dppix("ledger", "--json").json == {"sources": []}


def test_the_ledger_lists_sources_by_hash_and_label(dppix: Dppix, photo: Path) -> None:
    (digest,) = spend(photo, label="street cam")
    spend(photo, label="street cam")
    shown = dppix("ledger").out
    assert digest[:12] in shown
    assert "street cam" in shown
    assert photo.name not in shown
    (told,) = dppix("ledger", "--json").json["sources"]
    assert (told["source"], told["releases"], told["spent"], told["m"]) == (digest[:12], 2, 1.0, 16)


@pytest.mark.parametrize("digits", [4, 12, 64])
def test_a_source_is_found_by_its_file_and_by_its_hash(dppix: Dppix, photo: Path, digits: int, tmp_path: Path) -> None:
    digest, _ = spend(photo, make_photo(tmp_path / "other.png", seed=9))
    told = dppix("ledger", photo, "--json").json
    assert (told["source"], told["spent"], len(told["releases"])) == (digest[:12], 0.5, 1)
    assert told["releases"][0]["mechanism"] == "uniform"
    assert dppix("ledger", digest[:digits].upper(), "--json").json == told
    assert f"source {digest[:12]} has spent epsilon 0.5 for any 16 pixels" in dppix("ledger", photo).out


def test_a_file_that_was_never_released_has_spent_nothing(dppix: Dppix, photo: Path) -> None:
    ended = dppix("ledger", photo)
    assert (ended.code, ended.out) == (0, "this source has spent nothing yet\n")
    assert dppix("ledger", photo, "--json").json["spent"] == 0
    assert dppix("ledger", "--json").json == {"sources": []}  # asking leaves no trace


@pytest.mark.parametrize("word", ["missing.png", "abc", "0123456789abcdef", "xyzt"])
def test_a_word_that_means_no_source_is_one_line(dppix: Dppix, word: str) -> None:
    ended = dppix("ledger", word)
    assert ended.code == 1
    assert "no such file" in ended.line


def test_an_empty_word_is_no_source(dppix: Dppix) -> None:
    ended = dppix("ledger", "")
    assert ended.code == 2
    assert "the name of the source is empty" in ended.line


def test_a_ledger_that_is_damaged_is_one_line(dppix: Dppix, photo: Path) -> None:
    spend(photo)
    for path in ledger_folder().glob("*.sqlite*"):
        path.write_bytes(b"not a database" * 99)
    for path in ledger_folder().iterdir():
        if path.stat().st_size > 32:
            path.write_bytes(b"not a database" * 99)
    ended = dppix("ledger")
    assert ended.code == 1
    assert ended.line


def test_devices_are_listed_with_the_reason_of_each_that_was_skipped(
    dppix: Dppix, monkeypatch: pytest.MonkeyPatch
) -> None:
    fresh: list[bool] = []

    def survey(**flags: bool) -> tuple[DeviceReport, ...]:
        fresh.append(flags["fresh"])
        return REPORTS

    monkeypatch.setattr(devices, "survey", survey)
    rows = dppix("devices").out.splitlines()
    assert rows[1].startswith("*  opencl:0:0")
    assert rows[1].split()[-1] == "strip"
    assert "skipped" in rows[2]
    assert rows[2].endswith("it answered wrongly")
    told = dppix("devices", "--json", "--fresh").json
    assert told["auto"] == "opencl:0:0"
    assert [device["choice"] for device in told["devices"]] == ["opencl:0:0", "opencl:1:0", "numpy"]
    assert fresh == [False, True]


@pytest.mark.parametrize(("bound", "verdict", "code"), [(0.47, "holds", 0), (0.53, "violated", 1)])
def test_an_audit_that_disproves_the_claim_fails(
    dppix: Dppix, monkeypatch: pytest.MonkeyPatch, bound: float, verdict: str, code: int
) -> None:
    def run_audit(**asked: Any) -> tuple[SimpleNamespace, ...]:
        assert (asked["mechanism"], asked["full"]) == ("uniform", True)
        row = {"case": "one cell", "epsilon_claimed": 0.5, "epsilon_lower_bound": bound}
        return (SimpleNamespace(**row, verdict=verdict, draws=9),)

    monkeypatch.setattr(audit, "run_audit", run_audit)
    ended = dppix("audit", "--full", "--device", "numpy")
    assert ended.code == code
    assert ended.out.splitlines()[1].split() == ["one", "cell", "0.5", str(bound), verdict]
    (row,) = dppix("audit", "--full", "--device", "numpy", "--json").json["rows"]
    assert (row["case"], row["epsilon_claimed"], row["epsilon_lower_bound"]) == ("one cell", 0.5, bound)
    assert row["verdict"] == verdict


def test_an_unknown_mechanism_is_no_audit(dppix: Dppix) -> None:
    ended = dppix("audit", "--mechanism", "mosaic")
    assert ended.code == 2
    assert "uniform" in ended.line
    assert "<" not in ended.line


@pytest.mark.parametrize(("row", "code"), [({"ms": 1.5}, 0), ({"error": "no window"}, 1)])
def test_bench_rows_are_shown_and_one_that_failed_is_told_by_the_exit_code(
    dppix: Dppix, monkeypatch: pytest.MonkeyPatch, row: dict[str, Any], code: int
) -> None:
    def run_bench(**asked: Any) -> tuple[dict[str, Any], ...]:
        assert asked["only"] == "uniform-1080p"
        return ({"name": "uniform-1080p", **row},)

    monkeypatch.setattr(bench, "run_bench", run_bench)
    words = ("bench", "--only", "uniform-1080p", "--device", "numpy")
    assert dppix(*words).code == code
    assert dppix(*words, "--json").json == {"rows": [{"name": "uniform-1080p", **row}]}


def test_an_unknown_bench_row_is_wrong_usage(dppix: Dppix) -> None:
    ended = dppix("bench", "--only", "warp", "--device", "numpy")
    assert ended.code == 2
    assert "uniform-1080p" in ended.line
