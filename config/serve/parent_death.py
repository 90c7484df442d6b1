"""Ends a child process with its parent, also when the parent is killed."""

import ctypes
import os
import signal
import sys

PR_SET_PDEATHSIG = 1
# Loaded at import: between fork and exec a child must not load libraries.
_LIBC = ctypes.CDLL(None) if sys.platform == "linux" else None


def end_with_parent(parent: int, number: int = signal.SIGKILL) -> None:
    """Have the kernel send this process the signal when its parent is gone.

    Linux forgets it when a process changes its account: call it afterwards. It counts the
    thread that started the child as the parent.
    """
    if _LIBC is not None:
        _LIBC.prctl(PR_SET_PDEATHSIG, number)
    if os.getppid() != parent:  # it was gone before
        os.kill(os.getpid(), number)
