"""One OpenCL device in use: context, queue, programs built once, buffers kept.

Both halves of a device stand on it. It moves bytes and starts kernels; it knows nothing of frames or releases.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from enum import StrEnum
from functools import wraps
from importlib.resources import files
from typing import Any, Concatenate, Final, ParamSpec, Protocol, TypeVar

from numpy.typing import NDArray

from dppix_engine.compute.opencl_environment import prepare_environment
from dppix_engine.errors import DeviceLostError

prepare_environment()

import pyopencl as cl  # noqa: E402 - drivers read the environment when they are loaded

_BUILD_OPTIONS: Final = ("-cl-std=CL1.2", "-w")
_NEEDED: Final = {"discrete_laplace": ("sampler",), "stored_values": ("arithmetic", "sampler")}
"""Files without a kernel of their own that stand before a file; all others need arithmetic.cl alone."""

Arguments = Sequence[Any]


class KernelShape(StrEnum):
    """How work is cut into work-items: measured for each device when it is probed."""

    STRIP = "strip"
    """One work-item a strip of rows, alone in its group: CPUs."""
    ITEM = "item"
    """One work-item a cell or pixel, in groups: GPUs."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where a device stands in OpenCL's lists.

    Attributes:
        platform, device: indices.
    """

    platform: int
    device: int


class HasDevice(Protocol):
    """Something that runs on an `OpenCLDevice`."""

    @property
    def device(self) -> OpenCLDevice:
        """The device in use."""
        ...


class OpenCLDevice:
    """A context and an in-order queue on one device.

    Args:
        place: which device.
        shape: kernel shape to use on it.

    Raises:
        DeviceLostError: the device does not open.
    """

    def __init__(self, place: Place, shape: KernelShape) -> None:
        with translated_errors():
            device = cl.get_platforms()[place.platform].get_devices()[place.device]
            self.context = cl.Context([device])
            self.queue = cl.CommandQueue(self.context, device)
            self.name = str(device.name).strip()
            self.shares_memory = bool(device.type & cl.device_type.CPU)
        self.shape = shape
        self._programs: dict[tuple[str, str], Any] = {}
        self._scratch: dict[str, Any] = {}

    @property
    def lanes(self) -> int:
        """Groups of noise that a work-item draws together."""
        return 8 if self.shape is KernelShape.STRIP else 1

    def kernel(self, file: str, name: str, **constants: int) -> Any:  # noqa: ANN401 - pyopencl is untyped
        """The kernel `name` of `kernels/<file>.cl`, built once for each set of constants."""
        options = [f"-D{key}={value}" for key, value in sorted({"LANES": self.lanes, **constants}.items())]
        key = (file, name + " ".join(options))
        if key not in self._programs:
            folder = files("dppix_engine.compute.kernels")
            parts = (*_NEEDED.get(file, ("arithmetic",)), file)
            source = "\n".join(folder.joinpath(f"{part}.cl").read_text("utf-8") for part in parts)
            program = cl.Program(self.context, source).build([*_BUILD_OPTIONS, *options], cache_dir=False)  # type: ignore[arg-type]  # False is its documented "no cache"
            self._programs[key] = cl.Kernel(program, name)
        return self._programs[key]

    def run(self, kernel: Any, size: tuple[int, ...], local: tuple[int, ...], arguments: Arguments) -> None:  # noqa: ANN401
        """Start a kernel over at least `size` items, in groups of `local`."""
        rounded = tuple(-(-whole // group) * group for whole, group in zip(size, local, strict=True))
        kernel.set_args(*arguments)
        cl.enqueue_nd_range_kernel(self.queue, kernel, rounded, local)

    def read_only(self, array: NDArray[Any]) -> Any:  # noqa: ANN401
        """A buffer that holds `array`, without a copy where the device shares the host's memory.

        The array must be C-contiguous and stay alive and unchanged until the queue is drained.
        """
        how = cl.mem_flags.USE_HOST_PTR if self.shares_memory else cl.mem_flags.COPY_HOST_PTR
        return cl.Buffer(self.context, cl.mem_flags.READ_ONLY | how, hostbuf=array)

    def result(self, array: NDArray[Any]) -> Any:  # noqa: ANN401
        """A buffer that begins with the array's bytes, for kernels to write into; `collect` brings it back."""
        how = cl.mem_flags.USE_HOST_PTR if self.shares_memory else cl.mem_flags.COPY_HOST_PTR
        return cl.Buffer(self.context, cl.mem_flags.READ_WRITE | how, hostbuf=array)

    def output(self, array: NDArray[Any]) -> Any:  # noqa: ANN401
        """As `result`, for kernels that write every byte: the array's own bytes are not sent to the device."""
        if self.shares_memory:
            return self.result(array)
        return cl.Buffer(self.context, cl.mem_flags.READ_WRITE, array.nbytes)

    def collect(self, buffer: Any, array: NDArray[Any]) -> None:  # noqa: ANN401
        """Wait for the queue and have the buffer's bytes in `array`; a map without a copy on CPUs."""
        if self.shares_memory:
            mapped, _ = cl.enqueue_map_buffer(
                self.queue, buffer, cl.map_flags.READ, 0, array.shape, array.dtype, is_blocking=False
            )
            mapped.base.release(self.queue)
            self.queue.finish()  # one wait for kernels, map and unmap
        else:
            cl.enqueue_copy(self.queue, array, buffer, is_blocking=True)

    def scratch(self, name: str, size: int) -> Any:  # noqa: ANN401
        """A buffer of at least `size` bytes kept under `name` for the device's life, grown when needed."""
        kept = self._scratch.get(name)
        if kept is None or kept.size < size:
            kept = cl.Buffer(self.context, cl.mem_flags.READ_WRITE, max(64, size))
            self._scratch[name] = kept
        return kept


@contextmanager
def translated_errors() -> Iterator[None]:
    """Turn whatever OpenCL raises into `DeviceLostError`, so that the caller can go to another device."""
    try:
        yield
    except (cl.Error, MemoryError, IndexError) as error:
        reason = " ".join(str(error).split())[:200]
        raise DeviceLostError(f"the OpenCL device failed: {reason}") from error


_Parameters = ParamSpec("_Parameters")
_Returned = TypeVar("_Returned")
_Self = TypeVar("_Self", bound=HasDevice)


def on_device(
    method: Callable[Concatenate[_Self, _Parameters], _Returned],
) -> Callable[Concatenate[_Self, _Parameters], _Returned]:
    """A method whose OpenCL errors become `DeviceLostError`."""

    @wraps(method)
    def guarded(self: _Self, /, *args: _Parameters.args, **kwargs: _Parameters.kwargs) -> _Returned:
        with translated_errors():
            return method(self, *args, **kwargs)

    return guarded
