#!/usr/bin/env python3
"""Runs a command in a pseudo-terminal of 80 columns and 24 lines, waits for a text on it, presses `q`, and
prints the seconds from the start to the text. Ends with 0 if the text came and the command ended with 0.
With --memory it waits a second more, and also prints the KiB of memory that the command has for itself (its
PSS), and those of them that are no file's.

Usage: first_frame.py [--memory] TEXT COMMAND [ARGUMENT ...]
"""
import fcntl
import os
import pty
import re
import select
import struct
import sys
import termios
import time

arguments = sys.argv[1:]
memory = arguments[0] == "--memory" and arguments.pop(0)
wanted, *command = arguments
started = time.monotonic()
child, master = pty.fork()
if child == 0:
    fcntl.ioctl(0, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 80, 0, 0))
    os.execvp(command[0], command)
fcntl.ioctl(master, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 80, 0, 0))
seen, came = b"", None
while time.monotonic() - started < 120:
    ready, _, _ = select.select([master], [], [], 1)
    try:
        more = os.read(master, 65536) if ready else None
    except OSError:
        break
    if more == b"":
        break
    seen += more or b""
    # A cell that is drawn on its own is set apart by escape sequences.
    plain = re.sub(rb"\x1b\[[0-9;?]*[A-Za-z]|\x1b[\]P][^\x07\x1b]*(?:\x07|\x1b\\)", b"", seen)
    if came is None and wanted.encode() in plain:
        came = time.monotonic() - started
        if memory:
            time.sleep(1)
            rollup = open(f"/proc/{child}/smaps_rollup").read()
            memory = [re.search(rf"^{name}: +(\d+)", rollup, re.M)[1] for name in ("Pss", "Pss_Anon")]
        os.write(master, b"q")
_, status = os.waitpid(child, 0)
code = os.waitstatus_to_exitcode(status) if hasattr(os, "waitstatus_to_exitcode") else status >> 8
if came is None or code != 0:
    sys.exit(f"{' '.join(command)}: {wanted!r} {'came' if came else 'did not come'}, exit code {code}\n{seen[-2000:]!r}")
print(f"{came:.2f}", *memory or [])
