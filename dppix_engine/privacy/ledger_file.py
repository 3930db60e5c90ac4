"""The ledger's file: private, durable, one writer at a time, every failure in one line. It knows no price.

A transaction begins with the write lock, so that two processes cannot both pass one budget, and ends on the disk.
"""

from __future__ import annotations

import os
import sqlite3
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from dppix_engine.errors import DppixError, LedgerError
from dppix_engine.folders import private_folder
from dppix_engine.privacy.source_key import SourceKey, make_key, read_key

LEDGER_NAME: Final = "ledger.sqlite"
KEY_NAME: Final = "source.key"
SCHEMA_VERSION: Final = 1

_APPLICATION_ID: Final = 0x64707078  # "dppx", so that another program's database is not taken for a ledger
_SCHEMA: Final = (
    "CREATE TABLE key_check (value BLOB NOT NULL)",
    "CREATE TABLE source (id INTEGER PRIMARY KEY, digest BLOB NOT NULL UNIQUE CHECK (length(digest) = 32),"
    " label TEXT, budget TEXT, budget_m INTEGER)",
    "CREATE TABLE charge (source INTEGER NOT NULL REFERENCES source (id), sequence INTEGER NOT NULL,"
    " mechanism TEXT NOT NULL, epsilon TEXT NOT NULL, delta TEXT NOT NULL,"
    " m INTEGER NOT NULL CHECK (typeof(m) = 'integer'), unit TEXT NOT NULL, frames INTEGER NOT NULL,"
    " PRIMARY KEY (source, sequence)) WITHOUT ROWID",
    "CREATE TRIGGER no_refund BEFORE DELETE ON charge BEGIN SELECT RAISE (ABORT, 'never refund'); END",
    "CREATE TRIGGER no_rewrite BEFORE UPDATE ON charge BEGIN SELECT RAISE (ABORT, 'never refund'); END",
)
_DAMAGED: Final = "the ledger is damaged"
_RESTORE: Final = "restore it from a backup, or move it away to begin with nothing spent"
_FULL: Final = "the disk is full, so nothing could be charged"
_FAILURES: Final = (
    ("locked", "another process is holding the ledger", "wait for it to end and try again"),
    ("readonly", "the ledger cannot be written", "make the file and its folder writable to you"),
    ("permi", "the ledger may not be opened by you", "make the file and its folder yours"),
    ("unable to open", "the ledger cannot be opened", "make the file and its folder readable and writable to you"),
    ("full", _FULL, "free some space"),
    ("no space", _FULL, "free some space"),
    ("malformed", _DAMAGED, _RESTORE),
    ("not a database", _DAMAGED, _RESTORE),
    ("no such table", _DAMAGED, _RESTORE),
    ("no such column", _DAMAGED, _RESTORE),
    ("closed database", "the ledger was closed", "open it again"),
)
"""Part of the database's message, what happened, what to do."""


class LedgerFile:
    """An open ledger and the key of its sources. Several threads may use it, one at a time.

    Args:
        folder: where the ledger and its key are kept; made with mode 0700 if it is not there.
        wait_s: longest wait, in seconds, for another process that is writing.

    Attributes:
        path: the database.
        key: knows the sources.

    Raises:
        LedgerError: the ledger or its key is damaged, missing, of a newer program, or cannot be written.
    """

    def __init__(self, folder: Path, *, wait_s: float) -> None:
        self.path = folder / LEDGER_NAME
        self._lock = threading.RLock()
        try:
            private_folder(folder)
        except DppixError as error:
            raise LedgerError(error.what, file=error.file, advice="make its folder writable to you") from None
        with self._reported():
            _make_private(self.path)
            self._database = sqlite3.connect(self.path, timeout=wait_s, isolation_level=None, check_same_thread=False)
        try:
            self.key = self._opened(folder / KEY_NAME)
        except BaseException:
            self._database.close()
            raise

    @contextmanager
    def transaction(self) -> Iterator[sqlite3.Connection]:
        """One write: all of it on the disk when the block ends, or none of it.

        Raises:
            LedgerError: the file is locked, full, read-only or damaged.
        """
        with self._reported():
            self._database.execute("BEGIN IMMEDIATE")
            try:
                yield self._database
                self._database.execute("COMMIT")
            finally:
                if self._database.in_transaction:
                    self._database.execute("ROLLBACK")

    @contextmanager
    def reading(self) -> Iterator[sqlite3.Connection]:
        """Reads of one state of the ledger, whatever other processes write meanwhile.

        Raises:
            LedgerError: the file is locked or damaged.
        """
        with self._reported():
            self._database.execute("BEGIN")
            try:
                yield self._database
            finally:
                if self._database.in_transaction:
                    self._database.execute("ROLLBACK")

    def damaged(self) -> LedgerError:
        """The error for a ledger that does not read as one."""
        return LedgerError(_DAMAGED, file=self.path, advice=_RESTORE)

    def close(self) -> None:
        """Close the file. A closed ledger charges nothing."""
        with self._lock:
            self._database.close()

    def _opened(self, key_path: Path) -> SourceKey:
        """Bring the file to this schema and find its key.

        EXTRA is FULL and a sync of the folder when the rollback journal goes, without which a power cut just after
        a charge could bring the journal back, and undo it.
        """
        with self._reported():
            for pragma in ("synchronous = EXTRA", "fullfsync = 1", "temp_store = MEMORY", "foreign_keys = 1"):
                self._database.execute(f"PRAGMA {pragma}")
            if self._database.execute("PRAGMA quick_check(1)").fetchone() != ("ok",):
                raise self.damaged()
        with self.transaction() as database:
            version, application = (self._pragma(name) for name in ("user_version", "application_id"))
            if version > SCHEMA_VERSION and application == _APPLICATION_ID:
                raise LedgerError("the ledger was written by a newer dppix", file=self.path, advice="update dppix")
            if version == 0 and application == 0 and not database.execute("SELECT 1 FROM sqlite_master").fetchone():
                for statement in _SCHEMA:
                    database.execute(statement)
                database.execute(f"PRAGMA application_id = {_APPLICATION_ID}")
                database.execute(f"PRAGMA user_version = {SCHEMA_VERSION}")
            elif (version, application) != (SCHEMA_VERSION, _APPLICATION_ID):
                raise LedgerError("this is not a ledger of dppix", file=self.path, advice="move it away")
            return self._own_key(database, key_path)

    def _own_key(self, database: sqlite3.Connection, path: Path) -> SourceKey:
        """The key of this ledger; a new one only for a ledger that never had one.

        Without its key a ledger cannot tell its sources apart, and every one would start again from nothing: that
        would be a refund, so it refuses.
        """
        key = read_key(path)
        bound = database.execute("SELECT value FROM key_check").fetchone()
        if bound is None:
            key = key or make_key(path)
            database.execute("INSERT INTO key_check VALUES (?)", (key.check_value(),))
        elif key is None or key.check_value() != bound[0]:
            state = "missing" if key is None else "not its own"
            raise LedgerError(
                f"the ledger's key is {state}, so it cannot tell its sources apart",
                file=path,
                advice=f"restore it from a backup, or move {self.path.name} away to begin with nothing spent",
            )
        return key

    def _pragma(self, name: str) -> int:
        return int(self._database.execute(f"PRAGMA {name}").fetchone()[0])

    @contextmanager
    def _reported(self) -> Iterator[None]:
        """One thread at a time, and every failure of the file as one line."""
        with self._lock:
            try:
                yield
            except (sqlite3.Error, OSError) as error:
                raise self._failure(error) from None

    def _failure(self, error: Exception) -> LedgerError:
        text = str(getattr(error, "strerror", None) or error).lower()
        for sign, what, advice in _FAILURES:
            if sign in text:
                return LedgerError(what, file=self.path, advice=advice)
        return LedgerError(
            f"the ledger cannot be read or written ({text})", file=self.path, advice="check the disk and its folder"
        )


def _make_private(path: Path) -> None:
    """Make the file, if it is not there, so that only its owner can read it; SQLite's own files take its mode.

    It is opened only when it is new: closing any handle of a file drops the locks that this process holds on it.
    """
    try:
        os.close(os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600))
    except FileExistsError:
        mode = path.stat().st_mode & 0o777
        if os.name == "posix" and mode & 0o077:
            path.chmod(mode & 0o700)
