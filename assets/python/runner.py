"""Serves one function of a project as a replica.

Frames travel over standard input and output: to the replica `LENGTH\n` and JSON; from it
`KIND LENGTH\n` and a payload. The first frame to the replica says what to serve and with which
environment variables: they are set here, after the start, so that none acts on the interpreter. All
others are requests. Kinds: `ready`, `unusable` (a traceback; the function cannot be served), `answer`
(JSON), `exception` (a traceback). What the function prints goes to standard error, which the server
keeps as the replica's log.
"""

import importlib.machinery
import importlib.util
import json
import os
import site
import sys
import time
import traceback


def receive(stream):
    """The next frame. Without one the server is gone, and the process that watches both ends the rest."""
    head = stream.readline()
    body = stream.read(int(head)) if head else b""
    if not head or len(body) < int(head):
        os._exit(0)
    return json.loads(body)


def prepare(start):
    """Sets the project's variables, and where modules are looked for."""
    os.environ.update(start["environment"])
    if "TZ" in start["environment"]:
        time.tzset()
    if start["packages"]:
        site.addsitedir(start["packages"])
    root, file = start["root"], start["file"]
    sys.argv = [file]
    sys.path[:0] = [root, os.path.dirname(file), os.path.dirname(os.path.abspath(__file__))]


def load(file, shown, function):
    """The function, from a file that is run as a module of its own."""
    name = os.path.splitext(os.path.basename(file))[0]
    spec = importlib.util.spec_from_loader(
        name, importlib.machinery.SourceFileLoader(name, file), origin=file
    )
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    spec.loader.exec_module(module)
    served = getattr(module, function, None)
    if served is None:
        raise AttributeError(f"{shown} has no function {function!r}")
    if not callable(served):
        raise TypeError(f"{function!r} in {shown} is not a function")
    return served


def main():
    # The function must neither read requests meant for the runner nor write into the answers.
    incoming = os.fdopen(os.dup(0), "rb")
    outgoing = os.fdopen(os.dup(1), "wb")
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    os.dup2(2, 1)
    for stream in (sys.stdout, sys.stderr):
        stream.reconfigure(line_buffering=True, errors="backslashreplace")

    def send(kind, payload):
        data = payload.encode("utf-8", "backslashreplace")
        outgoing.write(f"{kind} {len(data)}\n".encode() + data)
        outgoing.flush()

    try:
        start = receive(incoming)
        prepare(start)
        served = load(start["file"], start["shown"], start["function"])
    except BaseException:  # SystemExit too: a script that exits cannot be served
        text = traceback.format_exc()
        sys.stderr.write(text)
        send("unusable", text)
        return
    send("ready", "")
    while True:
        try:
            # NaN and infinities are not JSON; a client could not read them.
            answer = json.dumps(served(receive(incoming)), allow_nan=False)
        except Exception:
            text = traceback.format_exc()
            sys.stderr.write(text)
            send("exception", text)
        else:
            send("answer", answer)


if __name__ == "__main__":
    main()
