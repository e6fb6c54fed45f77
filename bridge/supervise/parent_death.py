"""Starts a program that gets a signal when its parent dies, even if SIGKILL ends the parent.

Run as ``python -I -S parent_death.py PARENT SIGNAL PROGRAM ARGUMENT...``. The script requests from
the kernel that its process gets ``SIGNAL`` when the process ``PARENT`` dies, and then executes the
program in the same process, for which the request stays valid:
https://man7.org/linux/man-pages/man2/PR_SET_PDEATHSIG.2const.html

The script is a separate program, not a ``preexec_fn``, because Python code between fork and exec
can deadlock while other threads run:
https://docs.python.org/3/library/subprocess.html#subprocess.Popen

The script imports nothing of the bridge, so that a start needs only some 20 ms more. Systems other
than Linux have no such request. There the program is only started.
"""

import ctypes
import os
import signal
import sys
from collections.abc import Sequence

PR_SET_PDEATHSIG = 1
PRIVATE = 0o077


def ending_with_us(argv: Sequence[str], number: signal.Signals) -> tuple[str, ...]:
    """Return a command that runs ``argv`` and gets the signal ``number`` if this process dies."""
    return (sys.executable, "-I", "-S", __file__, str(os.getpid()), str(int(number)), *argv)


def main(arguments: Sequence[str]) -> None:
    """Request a signal at the death of the parent process, and execute the program.

    Exits with 1 if the parent has already died.
    """
    parent, number, *argv = arguments
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, int(number), 0, 0, 0)
    if os.getppid() != int(parent):  # the parent died before the request
        sys.exit(1)
    # A program inherits ignored signals. Python ignores SIGPIPE and SIGXFSZ, a background job of a
    # script ignores SIGINT and SIGQUIT, and nohup ignores SIGHUP.
    for ignored in signal.valid_signals():
        if signal.getsignal(ignored) is signal.SIG_IGN:
            signal.signal(ignored, signal.SIG_DFL)
    os.umask(PRIVATE)
    os.execvp(argv[0], argv)  # noqa: S606 - the bridge's own command, and no shell is wanted


if __name__ == "__main__":
    main(sys.argv[1:])
