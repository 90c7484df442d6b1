"""End a child process with its parent, also when the parent is killed.

    python -m config.serve.parent_death COMMAND [ARGUMENT ...]

becomes the command, which gets SIGTERM when its parent ends.
"""

import ctypes
import os
import signal
import sys

PR_SET_PDEATHSIG = 1
# Loaded at import: between fork and exec a child must not load libraries.
_LIBC = ctypes.CDLL(None) if sys.platform == "linux" else None


def end_with_parent(parent: int, number: int = signal.SIGKILL) -> None:
    """Let Linux send this process the signal when its parent ends.

    A change of the account resets this: call it afterwards. The parent is the thread that started
    the child.
    """
    if _LIBC is not None:
        _LIBC.prctl(PR_SET_PDEATHSIG, number)
    if os.getppid() != parent:  # the parent ended before the call
        os.kill(os.getpid(), number)


if __name__ == "__main__":
    end_with_parent(os.getppid(), signal.SIGTERM)
    os.execvp(sys.argv[1], sys.argv[1:])  # noqa: S606  no shell, and the command is the caller's
