"""What must stand in the environment before an OpenCL driver is loaded. Imports none."""

from __future__ import annotations

import os
import sys
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Final

from dppix_engine.errors import DppixError
from dppix_engine.folders import cache_folder

_SYSTEM_VENDORS: Final = Path("/etc/OpenCL/vendors")


def prepare_environment() -> None:
    """Point drivers and caches to the right places; calling it twice changes nothing.

    - pyopencl's own cache is a pickle with a lock: off.
    - PoCL keeps compiled kernels in the program's private cache folder, and offers no device without one.
    - Intel's CPU runtime from the package index needs a vendor file that names its library.
    """
    os.environ.setdefault("PYOPENCL_NO_CACHE", "1")
    try:
        cache = cache_folder()
    except DppixError:
        return  # drivers then use their own folders, and the self-test tells whether they work
    os.environ.setdefault("POCL_CACHE_DIR", str(cache / "pocl"))
    runtime = Path(sys.prefix) / "lib" / "libintelocl.so"
    if "OCL_ICD_VENDORS" not in os.environ and runtime.is_file():
        os.environ["OCL_ICD_VENDORS"] = _vendor_folder(cache / "vendors", runtime)


def vendor_files() -> list[Path]:
    """The vendor files that the OpenCL loader will read."""
    folder = Path(os.environ.get("OCL_ICD_VENDORS", str(_SYSTEM_VENDORS)))
    return sorted(folder.glob("*.icd")) if folder.is_dir() else [folder]


def package_versions() -> dict[str, str]:
    """Versions of the installed OpenCL packages."""
    found = {}
    for name in ("pyopencl", "pocl-binary-distribution", "intel-opencl-rt"):
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            found[name] = ""
    return found


def _vendor_folder(folder: Path, runtime: Path) -> str:
    """A folder with the system's vendor files and one for Intel's runtime, ending in the slash the loader wants."""
    folder.mkdir(mode=0o700, exist_ok=True)
    wanted = {"dppix-intel-cpu.icd": f"{runtime}\n"}
    if _SYSTEM_VENDORS.is_dir():
        wanted |= {file.name: file.read_text("utf-8", "replace") for file in sorted(_SYSTEM_VENDORS.glob("*.icd"))}
    for name, text in wanted.items():
        target = folder / name
        if not target.is_file() or target.read_text("utf-8", "replace") != text:
            target.write_text(text, "utf-8")
    for stale in folder.glob("*.icd"):
        if stale.name not in wanted:
            stale.unlink(missing_ok=True)
    return f"{folder}/"
