"""The ledger: exact, durable, one budget for all processes, and nothing of a source inside."""

from __future__ import annotations

import ast
import os
import signal
import sqlite3
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest

import dppix_engine
from dppix_engine.errors import BudgetError, LedgerError
from dppix_engine.privacy.composition import Charge
from dppix_engine.privacy.ledger import Ledger
from dppix_engine.privacy.ledger_file import KEY_NAME, LEDGER_NAME
from dppix_engine.privacy.permit import Permit, preview_permit
from dppix_engine.release.release import Standing

TENTH = Charge(Fraction(1, 10), Fraction(0), 16)
CONTENT = b"a source of unique content " + bytes(range(256))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "private" / "ledger"


@pytest.fixture
def ledger(folder: Path) -> Iterator[Ledger]:
    with Ledger(folder, wait_s=0.2) as opened:
        yield opened


def pay(ledger: Ledger, price: Charge = TENTH, *, content: bytes = CONTENT, budget: str | None = None) -> Permit:
    return ledger.charge(
        ledger.source_of_bytes(content),
        price,
        mechanism="uniform",
        unit="frame",
        budget=None if budget is None else Fraction(budget),
    )


def spent(ledger: Ledger, *, m: int = 16, content: bytes = CONTENT) -> Fraction:
    return ledger.spent(ledger.source_of_bytes(content), m=m).epsilon


def child(script: str, *arguments: str) -> subprocess.Popen[str]:
    """A process of its own that runs `script`."""
    return subprocess.Popen(
        [sys.executable, "-c", script, *arguments], stdout=subprocess.PIPE, stdin=subprocess.PIPE, text=True
    )


PAYING_CHILD = """
import sys
from fractions import Fraction
from pathlib import Path
from dppix_engine.errors import BudgetError
from dppix_engine.privacy.composition import Charge
from dppix_engine.privacy.ledger import Ledger
def pay(ledger):
    return ledger.charge(ledger.source_of_bytes(b"shared"), Charge(Fraction(1, 10), Fraction(0), 16),
                         mechanism="uniform", unit="frame", budget=Fraction(3))
print("ready", flush=True)
sys.stdin.readline()
"""


def test_ten_tenths_meet_a_budget_of_one_exactly_and_the_eleventh_is_refused(ledger: Ledger) -> None:
    for _ in range(10):
        pay(ledger, budget="1")
    assert spent(ledger) == 1
    with pytest.raises(BudgetError) as refusal:
        pay(ledger, budget="1")
    assert refusal.value.line == (
        "this source has spent epsilon 1 (for 16 pixels), this release would make it 1.1, above the budget of 1,"
        " so nothing was drawn; raise the budget"
    )
    assert spent(ledger) == 1


def test_a_refusal_offers_what_is_left_and_that_much_is_accepted(ledger: Ledger) -> None:
    pay(ledger, Charge(Fraction("0.7"), Fraction(0), 3), budget="2")
    with pytest.raises(BudgetError, match=r"spend at most 0\.133333$"):
        pay(ledger, Charge(Fraction("0.5"), Fraction(0), 8), budget="2")
    pay(ledger, Charge(Fraction("0.133333"), Fraction(0), 8), budget="2")


def test_a_refused_charge_writes_nothing(ledger: Ledger, folder: Path) -> None:
    pay(ledger)
    before = (folder / LEDGER_NAME).read_bytes()
    with pytest.raises(BudgetError):
        pay(ledger, content=b"another source", budget="0.05")
    assert (folder / LEDGER_NAME).read_bytes() == before
    assert len(ledger.sources()) == 1


def test_charges_of_different_m_compose_by_linearity(ledger: Ledger) -> None:
    pay(ledger, Charge(Fraction(1, 2), Fraction(0), 16))
    pay(ledger, Charge(Fraction(3, 10), Fraction(1, 10**30), 7))
    assert spent(ledger, m=360) == Fraction(1, 2) * 360 / 16 + Fraction(3, 10) * 360 / 7
    with pytest.raises(BudgetError):  # 1/2 at m 16 is 2 at m 64
        pay(ledger, Charge(Fraction(1, 10), Fraction(0), 64), budget="2")


def test_an_entry_reads_back_as_it_was_charged(ledger: Ledger) -> None:
    price = Charge(Fraction(1, 3), Fraction(7, 10**40), 5)
    source = ledger.source_of_bytes(CONTENT)
    ledger.charge(source, price, mechanism="uniform", unit="event:10s", budget=None, frames=301)
    (entry,) = ledger.entries(source)
    assert (entry.sequence, entry.charge, entry.mechanism, entry.unit, entry.frames) == (
        1,
        price,
        "uniform",
        "event:10s",
        301,
    )


def test_sources_are_kept_apart_and_outlive_the_program(folder: Path) -> None:
    with Ledger(folder) as first:
        pay(first)
        pay(first, content=b"another")
        pay(first, content=b"another")
        first.set_label(first.source_of_bytes(CONTENT), "street")
    with Ledger(folder) as second:
        summaries = second.sources()
        assert [(each.label, each.entries, each.spent.epsilon) for each in summaries] == [
            ("street", 1, Fraction(1, 10)),
            (None, 2, Fraction(1, 5)),
        ]
        assert summaries[0].source == second.source_of_bytes(memoryview(CONTENT))


def test_pixels_are_a_source_by_value_shape_and_type(ledger: Ledger) -> None:
    pixels = np.arange(24, dtype=np.uint8).reshape(2, 4, 3)
    assert ledger.source_of_pixels(pixels) == ledger.source_of_pixels(np.asfortranarray(pixels))
    others = (pixels.reshape(4, 2, 3), pixels.astype(np.uint16), pixels + np.uint8(1))
    assert ledger.source_of_pixels(pixels) not in [ledger.source_of_pixels(other) for other in others]
    assert ledger.source_of_pixels(pixels) != ledger.source_of_bytes(pixels.tobytes())


def test_two_ledgers_know_the_same_source_by_different_hashes(tmp_path: Path) -> None:
    with Ledger(tmp_path / "a") as one, Ledger(tmp_path / "b") as other:
        assert one.source_of_bytes(CONTENT) != other.source_of_bytes(CONTENT)


def test_a_stored_budget_holds_when_a_run_names_none_or_a_higher_one(ledger: Ledger) -> None:
    source = ledger.source_of_bytes(CONTENT)
    ledger.set_budget(source, Fraction(1, 10), m=16)
    pay(ledger, budget="5")
    for budget in (None, "5"):
        with pytest.raises(BudgetError, match=r"budget of 0\.1,"):
            pay(ledger, Charge(Fraction(1, 1000), Fraction(0), 1), budget=budget)
    ledger.set_budget(source, None, m=16)
    pay(ledger, budget="5")


@pytest.mark.parametrize(
    "price",
    [
        Charge(Fraction(-1), Fraction(0), 16),
        Charge(Fraction(0), Fraction(0), 16),
        Charge(TENTH.epsilon, Fraction(-1), 16),
    ],
)
def test_a_price_that_would_refund_is_refused(ledger: Ledger, price: Charge) -> None:
    with pytest.raises(LedgerError):
        pay(ledger, price)
    assert ledger.sources() == ()


def test_the_file_itself_refuses_to_forget_or_change_a_charge(ledger: Ledger, folder: Path) -> None:
    pay(ledger)
    with sqlite3.connect(folder / LEDGER_NAME) as database:
        for statement in ("DELETE FROM charge", "UPDATE charge SET epsilon = '0/1'"):
            with pytest.raises(sqlite3.IntegrityError, match="never refund"):
                database.execute(statement)
    database.close()
    assert spent(ledger) == Fraction(1, 10)


def test_a_charged_permit_pays_for_one_draw(ledger: Ledger) -> None:
    permit = pay(ledger)
    assert permit.standing is Standing.CHARGED
    permit.take()
    with pytest.raises(BudgetError):
        permit.take()


def test_a_preview_permit_pays_for_one_draw_that_is_never_exported() -> None:
    permit = preview_permit(TENTH)
    assert permit.standing is Standing.PREVIEW
    permit.take()
    with pytest.raises(BudgetError):
        permit.take()


def test_of_many_threads_one_takes_a_permit(ledger: Ledger) -> None:
    permit, taken = pay(ledger), []

    def take() -> None:
        try:
            permit.take()
        except BudgetError:
            return
        taken.append(1)

    threads = [threading.Thread(target=take) for _ in range(16)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert taken == [1]


def permits_made_in(source: str) -> list[str]:
    """The calls in a module's source that make a permit other than through `Ledger.charge` or `preview_permit`."""
    calls = [node for node in ast.walk(ast.parse(source)) if isinstance(node, ast.Call)]
    names = [ast.unparse(call.func).rpartition(".")[2] for call in calls]
    return [name for name in names if name == "Permit"]


def test_only_the_ledger_makes_charged_permits() -> None:
    root = Path(dppix_engine.__file__).parent.parent
    makers = {
        path.relative_to(root).as_posix()
        for package in ("dppix_engine", "dppix_gui")
        for path in (root / package).rglob("*.py")
        if permits_made_in(path.read_text(encoding="utf-8"))
    }
    assert makers == {"dppix_engine/privacy/ledger.py", "dppix_engine/privacy/permit.py"}
    assert permits_made_in("def f(charge):\n    return permit.Permit(charge, Standing.CHARGED)") == ["Permit"]


def test_one_ledger_serves_several_threads(ledger: Ledger) -> None:
    threads = [threading.Thread(target=pay, args=(ledger,)) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert spent(ledger) == Fraction(8, 10)


def test_two_processes_never_pass_one_budget_together(folder: Path) -> None:
    script = PAYING_CHILD + (
        "import time\n"
        "paid = 0\n"
        "with Ledger(Path(sys.argv[1])) as ledger:\n"
        "    try:\n"
        "        while paid < 40:\n"
        "            pay(ledger); paid += 1\n"
        "            time.sleep(0.002)\n"  # lets the other in, whose waits for the lock grow longer
        "    except BudgetError:\n"
        "        pass\n"
        "print(paid)\n"
    )
    children = [child(script, str(folder)) for _ in range(2)]  # on a fresh folder: they race for the key as well
    for each in children:
        assert each.stdout is not None
        assert each.stdout.readline() == "ready\n"  # both stand at the start before either is told to go
    for each in children:
        assert each.stdin is not None
        each.stdin.write("go\n")
        each.stdin.flush()
    paid = [int(each.communicate(timeout=60)[0]) for each in children]
    with Ledger(folder) as ledger:
        assert sum(paid) == 30
        assert spent(ledger, content=b"shared") == 3


@pytest.mark.skipif(sys.platform == "win32", reason="there is no SIGKILL")
def test_a_process_killed_between_charge_and_draw_has_paid(folder: Path) -> None:
    script = PAYING_CHILD + (
        "import os, signal\n"
        "ledger = Ledger(Path(sys.argv[1]))\n"
        "permit = pay(ledger)\n"
        "os.kill(os.getpid(), signal.SIGKILL)\n"
        "permit.take()\n"
    )
    process = child(script, str(folder))
    process.communicate("go\n", timeout=60)
    assert process.returncode == -signal.SIGKILL
    with Ledger(folder) as ledger:
        assert spent(ledger, content=b"shared") == Fraction(1, 10)


@pytest.mark.skipif(os.name != "posix", reason="modes are POSIX")
def test_folder_key_and_ledger_are_the_owners_alone(folder: Path) -> None:
    before = os.umask(0)
    try:
        with Ledger(folder) as ledger:
            pay(ledger)
    finally:
        os.umask(before)
    assert folder.stat().st_mode & 0o777 == 0o700
    assert {path.name: path.stat().st_mode & 0o777 for path in folder.iterdir()} == {
        LEDGER_NAME: 0o600,
        KEY_NAME: 0o600,
    }


@pytest.mark.skipif(os.name != "posix", reason="modes are POSIX")
def test_a_ledger_that_others_could_read_is_closed_to_them(folder: Path) -> None:
    Ledger(folder).close()
    (folder / LEDGER_NAME).chmod(0o644)
    Ledger(folder).close()
    assert (folder / LEDGER_NAME).stat().st_mode & 0o777 == 0o600


def leaked_windows(folder: Path, content: bytes) -> int:
    """Number of 16-byte windows of `content` found in any file of `folder`."""
    kept = b"".join(path.read_bytes() for path in folder.rglob("*") if path.is_file())
    return sum(content[start : start + 16] in kept for start in range(len(content) - 15))


def test_the_folder_holds_no_window_of_the_source(ledger: Ledger, folder: Path) -> None:
    content = np.random.default_rng(7).bytes(4096)
    pay(ledger, content=content)
    assert leaked_windows(folder, content) == 0
    (folder / "planted").write_bytes(b"..." + content[100:116])
    assert leaked_windows(folder, content) == 1


def test_a_missing_key_is_refused_and_not_replaced(folder: Path) -> None:
    with Ledger(folder) as ledger:
        pay(ledger)
    (folder / KEY_NAME).unlink()
    with pytest.raises(LedgerError, match=r"key is missing.*restore it from a backup"):
        Ledger(folder)
    assert not (folder / KEY_NAME).exists()


def test_another_ledgers_key_is_refused(folder: Path, tmp_path: Path) -> None:
    Ledger(folder).close()
    Ledger(tmp_path / "other").close()
    (tmp_path / "other" / KEY_NAME).replace(folder / KEY_NAME)
    with pytest.raises(LedgerError, match="key is not its own"):
        Ledger(folder)


def test_a_short_key_is_refused(folder: Path) -> None:
    Ledger(folder).close()
    (folder / KEY_NAME).write_bytes(b"short")
    with pytest.raises(LedgerError, match="key of the ledger is damaged"):
        Ledger(folder)


def rewritten(folder: Path, *statements: str) -> None:
    database = sqlite3.connect(folder / LEDGER_NAME)
    for statement in statements:
        database.execute(statement)
    database.commit()
    database.close()


def test_a_newer_ledger_is_refused(folder: Path) -> None:
    Ledger(folder).close()
    rewritten(folder, "PRAGMA user_version = 2")
    with pytest.raises(LedgerError, match="newer dppix; update"):
        Ledger(folder)


def test_another_programs_database_is_left_alone(folder: Path) -> None:
    folder.mkdir(parents=True)
    rewritten(folder, "CREATE TABLE bookmarks (url TEXT)")
    before = (folder / LEDGER_NAME).read_bytes()
    with pytest.raises(LedgerError, match="not a ledger of dppix"):
        Ledger(folder)
    assert (folder / LEDGER_NAME).read_bytes() == before


@pytest.mark.parametrize(
    "statement",
    [
        "DELETE FROM charge WHERE sequence = 2",
        "UPDATE charge SET epsilon = 'nothing'",
        "UPDATE charge SET epsilon = '1/0'",
    ],
)
def test_a_ledger_whose_charges_do_not_read_right_charges_nothing(folder: Path, statement: str) -> None:
    with Ledger(folder) as ledger:
        for _ in range(3):
            pay(ledger)
    rewritten(folder, "DROP TRIGGER no_refund", "DROP TRIGGER no_rewrite", statement)
    with Ledger(folder) as ledger, pytest.raises(LedgerError, match="the ledger is damaged; restore"):
        pay(ledger)


def test_a_damaged_file_is_refused_in_one_line_with_its_path(folder: Path) -> None:
    with Ledger(folder) as ledger:
        for number in range(200):
            ledger.set_label(ledger.source_of_bytes(bytes([number])), "label " * 20)
        pay(ledger)
    path = folder / LEDGER_NAME
    whole = path.read_bytes()
    overwritten = whole[:8192] + b"\xff" * 4096 + whole[12288:]
    for damaged in (b"not a database at all " * 400, whole[: len(whole) // 2], overwritten):
        path.write_bytes(damaged)
        with pytest.raises(LedgerError) as refusal:
            Ledger(folder)
        assert refusal.value.line.startswith(f"{path}: the ledger is damaged; ")
        assert path.read_bytes() == damaged


def test_a_locked_ledger_draws_nothing(ledger: Ledger, folder: Path) -> None:
    holder = sqlite3.connect(folder / LEDGER_NAME, isolation_level=None)
    holder.execute("BEGIN IMMEDIATE")
    with pytest.raises(LedgerError, match="another process is holding the ledger; wait"):
        pay(ledger)
    holder.execute("ROLLBACK")
    holder.close()
    pay(ledger)
    assert spent(ledger) == Fraction(1, 10)


def test_a_closed_ledger_charges_nothing(folder: Path) -> None:
    ledger = Ledger(folder)
    ledger.close()
    with pytest.raises(LedgerError, match="was closed"):
        pay(ledger)


@pytest.mark.skipif(os.name != "posix", reason="resource limits are POSIX")
def test_a_full_disk_draws_nothing_and_keeps_the_ledger_whole(folder: Path) -> None:
    with Ledger(folder) as ledger:
        pay(ledger, content=b"shared")
    script = PAYING_CHILD + (
        "import resource\n"
        "from dppix_engine.errors import LedgerError\n"
        "ledger = Ledger(Path(sys.argv[1]))\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (512, 512))\n"
        "try:\n"
        "    pay(ledger)\n"
        "except LedgerError as error:\n"
        "    print(error.line)\n"
    )
    line = child(script, str(folder)).communicate("go\n", timeout=60)[0].removeprefix("ready\n")
    assert line.startswith(f"{folder / LEDGER_NAME}: ")
    assert line.count("\n") == 1
    with Ledger(folder) as ledger:
        assert spent(ledger, content=b"shared") == Fraction(1, 10)


@pytest.mark.skipif(os.name != "posix", reason="modes are POSIX")
@pytest.mark.parametrize(("mode", "words"), [(0o444, "cannot be written"), (0o000, "opened")])
def test_a_ledger_that_may_not_be_written_draws_nothing(mode: int, words: str) -> None:
    script = PAYING_CHILD + (
        "import os\n"
        "from dppix_engine.errors import LedgerError\n"
        "if os.geteuid() == 0:\n"
        "    os.setuid(65534)  # the superuser may write everything\n"
        "try:\n"
        "    pay(Ledger(Path(sys.argv[1])))\n"
        "except LedgerError as error:\n"
        "    print(error.line)\n"
    )
    with tempfile.TemporaryDirectory() as name:  # pytest's own folders are closed to other users
        folder = Path(name)
        Ledger(folder).close()
        if os.geteuid() == 0:
            os.chown(folder, 65534, 65534)
            for path in folder.iterdir():
                os.chown(path, 65534, 65534)
        (folder / LEDGER_NAME).chmod(mode)
        line = child(script, name).communicate("go\n", timeout=60)[0].removeprefix("ready\n")
        assert line.startswith(f"{folder / LEDGER_NAME}: the ledger ")
        assert words in line
        (folder / LEDGER_NAME).chmod(0o600)
        with Ledger(folder) as ledger:
            assert ledger.sources() == ()


def test_a_folder_that_cannot_be_made_is_one_line(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(LedgerError, match="private folder cannot be made"):
        Ledger(tmp_path / "file" / "ledger")
