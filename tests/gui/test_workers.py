"""Workers: the newest request wins, a job can be cancelled, progress is polled, nothing is told after the end."""

from __future__ import annotations

import threading
import time

import pytest
from PySide6.QtCore import QObject, QThread
from pytestqt.qtbot import QtBot

from dppix_engine.errors import BudgetError, Cancelled, DppixError, SettingsError, SourceError
from dppix_engine.progress import Progress
from dppix_gui.messages import Mood, message_of
from dppix_gui.workers import Job, Preview
from tests.gui.conftest import WAIT_MS


def test_of_many_requests_only_the_first_and_the_newest_are_answered(qtbot: QtBot) -> None:
    go = threading.Event()
    begun: list[int] = []

    def answer(request: int) -> int:
        begun.append(request)
        go.wait(WAIT_MS / 1000)
        return 10 * request

    preview = Preview(answer)
    told: list[tuple[int, int]] = []
    preview.answered.connect(lambda request, result: told.append((request, result)))
    preview.request(1)
    qtbot.waitUntil(lambda: begun == [1], timeout=WAIT_MS)
    for request in (2, 3, 4):
        preview.request(request)
    go.set()
    qtbot.waitUntil(lambda: len(told) == 2, timeout=WAIT_MS)
    assert begun == [1, 4]
    assert told == [(1, 10), (4, 40)]
    assert preview.stop(wait_s=10)


def test_an_error_is_told_and_the_next_request_is_answered(qtbot: QtBot) -> None:
    def answer(request: int) -> int:
        if request == 1:
            raise SourceError("it is gone")
        return request

    preview = Preview(answer)
    with qtbot.waitSignal(preview.failed, timeout=WAIT_MS) as failed:
        preview.request(1)
    assert isinstance(failed.args[1], SourceError)
    with qtbot.waitSignal(preview.answered, timeout=WAIT_MS):
        preview.request(2)
    assert preview.stop(wait_s=10)


def test_a_stopped_preview_tells_nothing_more(qtbot: QtBot) -> None:
    go = threading.Event()
    preview = Preview(lambda _request: go.wait(5))
    told: list[object] = []
    preview.answered.connect(lambda *_: told.append(1))
    preview.request(1)
    time.sleep(0.05)
    threading.Timer(0.1, go.set).start()
    assert preview.stop(wait_s=10)
    qtbot.wait(50)
    assert told == []


def test_work_is_not_done_in_the_windows_thread_and_its_end_is_told_there(qtbot: QtBot, qapp) -> None:
    workers: list[int] = []

    class Ear(QObject):
        thread_heard: QThread | None = None

        def hear(self, _result: object) -> None:
            Ear.thread_heard = QThread.currentThread()

    ear = Ear()
    job = Job(lambda _progress, _cancel: workers.append(threading.get_ident()))
    job.succeeded.connect(ear.hear)
    with qtbot.waitSignal(job.ended, timeout=WAIT_MS):
        job.start()
    assert workers != [threading.get_ident()]
    assert Ear.thread_heard is qapp.thread()


def test_progress_comes_at_most_ten_times_a_second_and_the_newest_is_told(qtbot: QtBot) -> None:
    def work(progress, _cancel) -> str:
        for done in range(60):
            progress(Progress("writing", done, 60))
            time.sleep(0.01)
        return "done"

    job = Job(work)
    told: list[int] = []
    job.progressed.connect(lambda progress: told.append(progress.done))
    with qtbot.waitSignal(job.succeeded, timeout=WAIT_MS) as ended:
        job.start()
    assert ended.args == ["done"]
    assert 1 <= len(told) <= 10
    assert told == sorted(told)


def test_a_cancelled_job_stops_within_a_second(qtbot: QtBot) -> None:
    def work(_progress, cancel) -> None:
        while True:
            cancel.check()
            time.sleep(0.01)

    job = Job(work)
    job.start()
    qtbot.wait(50)
    started = time.perf_counter()
    with qtbot.waitSignal(job.failed, timeout=WAIT_MS) as failed:
        job.cancel()
    assert isinstance(failed.args[0], Cancelled)
    assert time.perf_counter() - started < 1


def test_a_message_says_what_happened_and_what_to_do() -> None:
    message = message_of(BudgetError("the budget would be passed", advice="raise it", file="x.png"))
    assert message.mood is Mood.ERROR
    assert message.text == "x.png: the budget would be passed. Raise it."


@pytest.mark.parametrize(
    ("error", "text"),
    [
        (
            SettingsError("epsilon is nan", advice="epsilon must be a number"),
            "epsilon is nan. epsilon must be a number.",
        ),
        (SourceError("it ends early", file="bad/trunc.jpg"), "bad/trunc.jpg: it ends early."),
    ],
)
def test_a_path_or_the_name_of_a_setting_keeps_its_case(error: DppixError, text: str) -> None:
    assert message_of(error).text == text


@pytest.mark.parametrize("error", [ValueError("secret pixel values"), KeyError("secret")])
def test_a_fault_of_the_program_is_told_by_its_kind_alone(error: Exception) -> None:
    text = message_of(error).text
    assert type(error).__name__ in text
    assert "secret" not in text
