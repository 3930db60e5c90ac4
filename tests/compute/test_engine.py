"""What happens when a device fails: opened again once, then the next one, and never a raw pixel."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

import numpy as np
import pytest

from dppix_engine.compute.devices import NumpyCandidate
from dppix_engine.compute.engine import Engine, Halves
from dppix_engine.errors import DeviceError, DeviceLostError
from dppix_engine.mechanisms.uniform import UniformMechanism
from dppix_engine.pipeline import preview
from dppix_engine.privacy.permit import preview_permit
from dppix_engine.settings import Settings
from dppix_engine.sources.frame import Frame

FRAME = Frame(np.full((40, 60, 3), 90, np.uint8))


class Failing:
    """A device that fails a given number of times, then works."""

    label = "failing device"

    def __init__(self, failures: int) -> None:
        self.failures = failures
        self.opened = 0
        self.keys: list[bytes] = []

    def open(self) -> Halves:
        self.opened += 1
        halves = NumpyCandidate().open()
        return Halves(_FailingRelease(self, halves.release.stored_values), halves.render)  # type: ignore[arg-type]


class _FailingRelease:
    def __init__(self, owner: Failing, work: Callable[..., object]) -> None:
        self._owner, self._work = owner, work

    def stored_values(self, pixels: object, layout: object, tables: object, key: bytes) -> object:
        self._owner.keys.append(key)
        if self._owner.failures > 0:
            self._owner.failures -= 1
            raise DeviceLostError("out of resources")
        return self._work(pixels, layout, tables, key)


def test_a_device_lost_once_is_opened_again_and_keeps_its_work() -> None:
    device = Failing(1)
    notices: list[str] = []
    picture = preview(FRAME, Settings(), engine=Engine([device, NumpyCandidate()], notice=notices.append))
    assert device.opened == 2
    assert not notices
    assert picture.pixels.shape == (40, 60, 3)


def test_a_device_lost_twice_gives_way_to_the_next_and_the_user_is_told() -> None:
    device = Failing(9)
    notices: list[str] = []
    engine = Engine([device, NumpyCandidate()], notice=notices.append)
    preview(FRAME, Settings(), engine=engine)
    assert engine.name == NumpyCandidate.label
    assert len(notices) == 1
    assert "failing device" in notices[0]


def test_work_that_is_repeated_uses_the_same_key_so_nobody_gets_a_second_draw() -> None:
    device = Failing(1)
    preview(FRAME, Settings(), engine=Engine([device]))
    assert len(device.keys) == 2
    assert device.keys[0] == device.keys[1]


def test_two_releases_never_use_one_key() -> None:
    device = Failing(0)
    engine = Engine([device])
    for _ in range(5):
        preview(FRAME, Settings(), engine=engine)
    assert len(set(device.keys)) == 5


def test_when_the_last_device_fails_an_error_comes_and_no_picture() -> None:
    mechanism = UniformMechanism(Settings())
    with pytest.raises(DeviceError, match="no other device is left"):
        mechanism.draw(FRAME, permit=preview_permit(mechanism.price), backend=Engine([Failing(9)]))


class _Slow:
    """A device on which two calls at once can be seen."""

    label = "slow"

    def __init__(self) -> None:
        self.inside = 0
        self.most = 0

    def open(self) -> Halves:
        return Halves(NumpyCandidate().open().release, self)  # type: ignore[arg-type]

    def paint(self, release: object) -> object:
        self.inside += 1
        self.most = max(self.most, self.inside)
        time.sleep(0.02)
        self.inside -= 1
        return release


def test_two_threads_never_use_a_device_at_once() -> None:
    device = _Slow()
    engine = Engine([device])  # type: ignore[list-item]
    threads = [threading.Thread(target=engine.paint, args=(None,)) for _ in range(5)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert device.most == 1


def test_an_engine_without_devices_says_so() -> None:
    with pytest.raises(DeviceError, match="no device"):
        Engine([])
