"""Results of self-tests, kept in the private cache folder for as long as nothing they depend on changes."""

from __future__ import annotations

import hashlib
import json
import os
import platform
import shutil
from importlib.resources import files
from pathlib import Path
from typing import Any, Final

from dppix_engine.compute.opencl_environment import package_versions, vendor_files
from dppix_engine.errors import DppixError
from dppix_engine.folders import cache_folder
from dppix_engine.version import VERSION

_FILE: Final = "devices.json"
_LINKER_PARTS: Final = ("lib/gcc/*/*/libgcc.a", "lib/*/crti.o", "lib64/crti.o", "lib/crti.o")


def kept_results() -> list[dict[str, Any]] | None:
    """The kept results, or None if there are none or something changed since."""
    try:
        kept = json.loads((cache_folder() / _FILE).read_text("utf-8"))
    except (OSError, ValueError, DppixError):
        return None
    if not isinstance(kept, dict) or kept.get("fingerprint") != _fingerprint():
        return None
    results = kept.get("devices")
    return results if isinstance(results, list) and all(isinstance(row, dict) for row in results) else None


def keep_results(devices: list[dict[str, Any]]) -> None:
    """Keep results. A cache that cannot be written costs time, nothing else."""
    text = json.dumps({"fingerprint": _fingerprint(), "devices": devices}, indent=1)
    try:
        folder = cache_folder()
        fresh = folder / f"{_FILE}.{os.getpid()}"
        fresh.write_text(text, "utf-8")
        fresh.replace(folder / _FILE)
    except (OSError, DppixError):
        return


def _fingerprint() -> str:
    """A digest of everything on which a self-test's result depends: program, kernels, drivers, linker, processor."""
    digest = hashlib.sha256()
    for part in (VERSION, platform.python_version(), platform.platform(), str(os.cpu_count()), _processor()):
        digest.update(part.encode() + b"\0")
    for package in ("dppix_engine.compute", "dppix_engine.compute.kernels"):
        for file in sorted(files(package).iterdir(), key=lambda entry: entry.name):
            if file.name.endswith((".cl", ".py")):
                digest.update(file.read_bytes())
    digest.update(json.dumps(package_versions()).encode())
    for file in vendor_files():
        digest.update(str(file).encode() + _library_state(file))
    digest.update(json.dumps(_linker()).encode())
    return digest.hexdigest()


def _library_state(vendor_file: Path) -> bytes:
    """What a vendor file names, and when that library was changed."""
    try:
        text = vendor_file.read_text("utf-8", "replace").strip()
    except OSError:
        return b"absent"
    library = Path(text)
    changed = library.stat().st_mtime_ns if library.is_absolute() and library.exists() else 0
    return f"{text} {changed}".encode()


def _linker() -> list[str]:
    """What PoCL links kernels with."""
    tools = [shutil.which(name) or "" for name in ("ld", "gcc", "cc", "clang")]
    return tools + [str(len(sorted(Path("/usr").glob(pattern)))) for pattern in _LINKER_PARTS]


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text("utf-8", "replace").splitlines()
    except OSError:
        return platform.processor()
    return "\n".join(line for line in lines[:40] if line.startswith(("model name", "flags", "Features")))
