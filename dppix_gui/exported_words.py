"""What is told after an export: which files, where, and what it cost."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from dppix_gui.messages import Message, Mood

if TYPE_CHECKING:
    from dppix_gui.exporting import Exported


def exported_message(made: Exported | Any) -> Message:  # noqa: ANN401 - carried by a signal, which has no type
    """The message for a finished export."""
    folders = {path.absolute().parent for path in made.files}
    names = ", ".join(path.name for path in made.files)
    where = f" in {next(iter(folders))}" if len(folders) == 1 else ""
    cost = f"It cost epsilon {made.epsilon}." if made.epsilon else "It cost nothing."
    return Message(
        Mood.DONE,
        f"Exported {names}{where}.",
        f"{cost} The sanitized side now shows the exported draw.",
        str(sorted(folders)[0]) if folders else "",
    )
