"""Native code on disk, across processes.

A file is named after everything its machine code depends on: the generated source, the runtime it calls, the versions
of Python, NumPy, Numba and llvmlite, the processor, the types. What the user changes changes the generated source, so
that nothing is ever out of date. The folder is the user's alone; a file that is not the user's own, that others may
write, or that does not have the contents it was written with is not run, but made again. Files appear whole, by an
atomic rename, so that processes may share the folder.
"""

from __future__ import annotations

import contextlib
import functools
import hashlib
import importlib.metadata
import os
import pickle
import platform
import stat
import sys
import tempfile
from pathlib import Path
from typing import Any

__all__ = ["Store", "digest", "folder", "holds", "prune", "write_source"]

_MAGIC = b"undertow native 1\n"


@functools.cache
def _chosen(setting: str | None, home: str | None) -> Path | None:
    if setting == "":
        return None
    if setting is not None:
        path = Path(setting)
    elif home:
        path = Path(home) / "undertow"
    else:
        path = Path(os.path.expanduser("~")) / ".cache" / "undertow"
    try:
        path.mkdir(mode=0o700, parents=True, exist_ok=True)
        found = path.lstat()
    except (OSError, RuntimeError):
        return None
    if not stat.S_ISDIR(found.st_mode) or not _own(found):
        return None
    if found.st_mode & 0o077:
        try:
            path.chmod(0o700)
        except OSError:
            return None
    return path


def _own(found: os.stat_result) -> bool:
    return not hasattr(os, "getuid") or found.st_uid == os.getuid()


def folder() -> Path | None:
    """Where native code is kept, None if nowhere.

    ``UNDERTOW_CACHE_DIR`` says where; empty, nothing is kept. The default is ``~/.cache/undertow``.
    """
    return _chosen(os.environ.get("UNDERTOW_CACHE_DIR"), os.environ.get("XDG_CACHE_HOME"))


@functools.cache
def _runtime() -> bytes:
    """Digest of what generated code calls and of how it is compiled."""
    h = hashlib.sha256()
    here = Path(__file__).parent
    for path in sorted([*here.glob("*.py"), *(here.parent / "emit").glob("*.py"), *(here.parent / "routines").glob("*.py")]):
        h.update(path.read_bytes())
    h.update(sys.version.encode())
    h.update(importlib.metadata.version("scipy").encode())  # what its modules export is called by name
    h.update(repr(platform.libc_ver()).encode())  # its vector functions are called by name
    return h.digest()


def digest(source: str) -> str:
    """Name of generated source among the files; comments, which hold line numbers, do not count."""
    text = "\n".join(line for line in source.split("\n") if not line.lstrip().startswith("#"))
    return hashlib.sha256(_runtime() + text.encode()).hexdigest()[:32]


def holds(source: str) -> bool:
    """Whether native code of a source has been kept (a hint: it is verified when it is loaded)."""
    where = folder()
    return where is not None and (where / f"{digest(source)}.py").exists()


def write_source(source: str) -> str:
    """Keep generated source where a debugger or a traceback finds it; returns the file's name."""
    where = folder()
    if where is None:
        return "<undertow>"
    return str(where / f"{digest(source)}.py")


def _write(path: Path, *parts: bytes) -> None:
    handle, name = tempfile.mkstemp(dir=path.parent)
    try:
        with os.fdopen(handle, "wb") as file:
            file.writelines(parts)
        os.replace(name, path)
    except BaseException:
        with contextlib.suppress(OSError):
            os.unlink(name)
        raise


def prune(where: Path, limit: int = 2**30) -> None:
    """Remove the files longest unused where all together exceed `limit` bytes."""
    found = []
    for path in where.iterdir():
        with contextlib.suppress(OSError):
            info = path.stat()
            found.append((max(info.st_atime, info.st_mtime), info.st_size, path))
    excess = sum(size for _, size, _ in found) - limit
    for _, size, path in sorted(found):
        if excess <= 0:
            return
        with contextlib.suppress(OSError):
            path.unlink()
            excess -= size


class Store:
    """What a Numba dispatcher asks for native code and gives it to; one a generated function."""

    def __init__(self, source: str) -> None:
        self.source = source
        self.stem = digest(source)
        self.loaded = False

    @property
    def cache_path(self) -> str:
        """Where the files are."""
        return str(folder())

    def enable(self) -> None:
        """As Numba's own."""

    disable = flush = enable

    def path(self, signature: Any, context: Any) -> Path | None:
        """The file for a signature on this machine."""
        import llvmlite
        import numba
        import numpy as np

        where = folder()
        if where is None:
            return None
        what = (str(signature), context.codegen().magic_tuple(), numba.__version__, llvmlite.__version__,
                np.__version__, os.environ.get("NUMBA_OPT", ""), os.environ.get("NUMBA_BOUNDSCHECK", ""))
        return where / f"{self.stem}-{hashlib.sha256(repr(what).encode()).hexdigest()[:32]}.native"

    def load_overload(self, signature: Any, context: Any) -> Any:
        """Native code from disk, None if there is none that can be trusted."""
        from numba.core import compiler
        from numba.core.runtime import rtsys

        path = self.path(signature, context)
        if path is None:
            return None
        try:
            with path.open("rb") as file:
                found = os.fstat(file.fileno())
                if not _own(found) or found.st_mode & 0o022:
                    return None
                text = file.read()
        except OSError:
            return None
        head, payload = text[:len(_MAGIC) + 32], text[len(_MAGIC) + 32:]
        if head != _MAGIC + hashlib.sha256(payload).digest():
            return None
        rtsys.initialize(context)  # what native code calls; not all that Numba could compile: that takes a third of a second
        try:
            made = compiler.CompileResult._rebuild(context, *pickle.loads(payload))
        except Exception:  # written by something else that is called the same: made again
            return None
        self.loaded = True
        return made

    def save_overload(self, signature: Any, made: Any) -> None:
        """Keep native code."""
        from numba.core.serialize import dumps

        path = self.path(signature, made.target_context)
        if path is None or made.library.has_dynamic_globals or made.lifted:
            return
        try:
            payload = dumps(made._reduce())
            _write(path, _MAGIC, hashlib.sha256(payload).digest(), payload)
            _write(path.parent / f"{self.stem}.py", self.source.encode())
            if path.name[-8] == "0":  # now and then
                prune(path.parent)
        except OSError:  # a full or read-only disk costs time, nothing else
            return
