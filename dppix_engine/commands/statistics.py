"""`dppix statistics`: the released values as a table, one row a value, for a data scientist."""

from __future__ import annotations

import argparse
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from dppix_engine.commands.parser import CommandParser, add_json_flag, add_quiet_flag
from dppix_engine.errors import SinkError, UsageError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from dppix_engine.commands.terminal import Terminal
    from dppix_engine.release.release import Release

_SUFFIXES: Final = (".npz", ".parquet")
_MORE: Final = """\
columns, one row for each released value:
  frame     0 for the first frame
  channel   grey; R, G, B; or Y, Cb, Cr
  left, top, width, height, area
            the cell in pixels; area is its true number of pixels, at the frame's edge too
  value     the noisy sum of the cell's pixels, as it was stored, in sum units
  unit      sum units in one grey level of one pixel: 1 for grey and RGB, 256 for Y, Cb and Cr
  mean      value / (area * unit), in grey levels: about 0..255, about -128..128 for Cb and Cr; not clamped
  scale     of the discrete-Laplace noise on value, in sum units; the standard deviation of mean is
            sqrt(2) * scale / (area * unit), and rounding adds 1 % (balanced) or 4 % (compact) to the variance

A .npz is read with numpy.load (no pickles inside), a .parquet with any reader of Parquet; writing Parquet needs
pyarrow:  pip install 'dppix[parquet]'"""


def parser(name: str) -> CommandParser:
    """The flags of `statistics`."""
    made = CommandParser(name, "Write the released values of a statistics file as a table.", more=_MORE)
    made.add_argument("file", type=Path, metavar="FILE.dppix")
    made.add_argument("-o", "--output", required=True, type=Path, metavar="OUT", help=".npz or .parquet")
    made.add_argument("--overwrite", action="store_true", help="replace the output if it exists")
    add_quiet_flag(made)
    add_json_flag(made)
    return made


def run(arguments: argparse.Namespace, terminal: Terminal) -> int:
    """Read, tabulate, write.

    Raises:
        StatisticsFileError: the file is damaged.
        SinkError: the output cannot be written.
        UsageError: another ending, or Parquet without pyarrow.
    """
    from dppix_engine.commands.statistics_input import whole_file  # noqa: PLC0415 - start-up stays light
    from dppix_engine.sinks.atomic import write_atomically  # noqa: PLC0415
    from dppix_engine.sinks.target import check_target  # noqa: PLC0415

    output: Path = arguments.output
    kind = output.suffix.lower()
    if kind not in _SUFFIXES:
        raise UsageError("the table's ending names no format", file=output, advice=f"use {' or '.join(_SUFFIXES)}")
    encode = _as_parquet if kind == ".parquet" else _as_npz
    if kind == ".parquet":
        _pyarrow()
    releases = whole_file(arguments.file).releases
    check_target(output, inputs=(arguments.file,), overwrite=arguments.overwrite)
    columns = value_table(releases)
    write_atomically(output, encode(columns), overwrite=arguments.overwrite)
    rows = len(columns["value"])
    terminal.result({"output": str(output), "rows": rows, "columns": list(columns)})
    terminal.say(f"{output}: {rows:,} rows of {', '.join(columns)}")
    return 0


def value_table(releases: Sequence[Release]) -> dict[str, Any]:
    """Every released value of some frames, one row each, as columns.

    Returns:
        NumPy arrays of one length by column; the columns are described in the command's help.
    """
    import numpy as np  # noqa: PLC0415 - start-up stays light

    parts: list[dict[str, Any]] = []
    for frame, release in enumerate(releases):
        for index, plane in enumerate(release.layout.planes):
            grid = plane.grid
            count, shape = grid.cells, (grid.rows, grid.columns)
            lefts, tops = grid.column_edges[:-1][None, :], grid.row_edges[:-1][:, None]
            widths, heights = np.diff(grid.column_edges)[None, :], np.diff(grid.row_edges)[:, None]
            spread = [np.broadcast_to(edge, shape).ravel() for edge in (lefts, tops, widths, heights)]
            areas = grid.areas.ravel()
            values = release.noisy_sums(index).ravel()
            parts.append(
                {
                    "frame": np.full(count, frame, np.int32),
                    "channel": np.full(count, plane.name, "U4"),
                    **dict(zip(("left", "top", "width", "height"), spread, strict=True)),
                    "area": areas,
                    "value": values,
                    "unit": np.full(count, plane.model.level, np.int32),
                    "mean": values / (areas * plane.model.level),
                    "scale": np.full(count, float(plane.scale)),
                }
            )
    return {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}


def _as_npz(columns: dict[str, Any]) -> bytes:
    """A .npz; NumPy gives every member the date 1980, so no time is in it."""
    import numpy as np  # noqa: PLC0415 - start-up stays light

    buffer = BytesIO()
    np.savez_compressed(buffer, **columns)
    return buffer.getvalue()


def _as_parquet(columns: dict[str, Any]) -> bytes:
    pyarrow, parquet = _pyarrow()
    buffer = BytesIO()
    try:
        parquet.write_table(pyarrow.table(columns), buffer)
    except Exception as error:  # pyarrow's errors share no public base
        raise SinkError(f"the table could not be encoded ({type(error).__name__})", advice="write a .npz") from None
    return buffer.getvalue()


def _pyarrow() -> tuple[Any, Any]:
    try:
        import pyarrow  # noqa: PLC0415 - an extra
        from pyarrow import parquet  # noqa: PLC0415
    except ImportError:
        raise UsageError(
            "writing Parquet needs pyarrow", advice="pip install 'dppix[parquet]', or write a .npz"
        ) from None
    return pyarrow, parquet
