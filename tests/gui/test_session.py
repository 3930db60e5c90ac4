"""The session: one state, replaced and never edited; one way in, one signal out."""

from __future__ import annotations

from dataclasses import FrozenInstanceError
from fractions import Fraction

import pytest

from dppix_engine.settings import Settings
from dppix_gui.session import LONGEST_HISTORY, Session, State


def steps(session: Session) -> list[State]:
    seen: list[State] = []
    session.changed.connect(seen.append)
    return seen


def test_each_change_is_told_once_with_the_new_state(qapp) -> None:
    session = Session()
    seen = steps(session)
    session.apply(Settings(m=4))
    assert [state.settings.m for state in seen] == [4]
    session.apply(Settings(m=4))
    assert len(seen) == 1


def test_a_state_cannot_be_edited(qapp) -> None:
    with pytest.raises(FrozenInstanceError):
        Session().state.settings = Settings()  # type: ignore[misc]


def test_a_drag_is_one_step_and_two_drags_are_two(qapp) -> None:
    session = Session()
    first, second = object(), object()
    for m in (2, 3, 4):
        session.apply(Settings(m=m), gesture=first)
    for m in (5, 6):
        session.apply(Settings(m=m), gesture=second)
    session.undo()
    assert session.state.settings.m == 4
    session.undo()
    assert session.state.settings.m == 16
    assert not session.state.can_undo
    session.redo()
    session.redo()
    assert session.state.settings.m == 6
    assert not session.state.can_redo


def test_a_new_change_takes_the_way_forward_away(qapp) -> None:
    session = Session()
    session.apply(Settings(m=2))
    session.undo()
    session.apply(Settings(m=3))
    assert not session.state.can_redo
    session.redo()
    assert session.state.settings.m == 3


def test_history_is_bounded(qapp) -> None:
    session = Session()
    for m in range(1, LONGEST_HISTORY + 60):
        session.apply(Settings(m=m))
    back = 0
    while session.state.can_undo:
        session.undo()
        back += 1
    assert back == LONGEST_HISTORY


def test_whoever_changes_the_session_while_it_tells_never_makes_others_see_states_out_of_order(qapp) -> None:
    session = Session()
    session.changed.connect(lambda state: session.mark(updating=True))
    seen = steps(session)
    session.apply(Settings(epsilon=Fraction(2)))
    assert seen[-1] is session.state
    assert [state.updating for state in seen] == sorted(state.updating for state in seen)
