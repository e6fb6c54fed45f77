"""Starts a program that gets a signal when its parent dies, also when that dies by SIGKILL.

Run by its path as ``python -I -S parent_death.py PARENT SIGNAL PROGRAM ARGUMENT...``. It requests
from the kernel ``SIGNAL`` at the death of the process ``PARENT`` and then becomes the program: the
process id stays, and so does the request. https://man7.org/linux/man-pages/man2/PR_SET_PDEATHSIG.2const.html

A program of its own, not a ``preexec_fn``: Python code between fork and exec can deadlock while
other threads run:
https://docs.python.org/3/library/subprocess.html#subprocess.Popen

It imports nothing of the bridge, so that it costs each start some 20 ms. Systems other than Linux
have no such request: there the program is started as it is.
"""

import ctypes
import os
import signal
import sys
from collections.abc import Sequence

PR_SET_PDEATHSIG = 1
PRIVATE = 0o077


def ending_with_us(argv: Sequence[str], number: signal.Signals) -> tuple[str, ...]:
    """Return the command that runs ``argv`` so that it gets signal ``number`` when we die."""
    return (sys.executable, "-I", "-S", __file__, str(os.getpid()), str(int(number)), *argv)


def main(arguments: Sequence[str]) -> None:
    """Become the program. Ends at once when the parent is dead already."""
    parent, number, *argv = arguments
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, int(number), 0, 0, 0)
    if os.getppid() != int(parent):  # it died before the kernel knew of the request
        sys.exit(1)
    # A program inherits what is ignored: SIGPIPE and SIGXFSZ by Python, SIGINT and SIGQUIT by a
    # script's background job, SIGHUP by nohup.
    for ignored in signal.valid_signals():
        if signal.getsignal(ignored) is signal.SIG_IGN:
            signal.signal(ignored, signal.SIG_DFL)
    os.umask(PRIVATE)
    os.execvp(argv[0], argv)  # noqa: S606 - the bridge's own command, and no shell is wanted


if __name__ == "__main__":
    main(sys.argv[1:])
