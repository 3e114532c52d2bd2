"""Serves one function of a project as a replica.

    runner.py ROOT FILE FUNCTION

Frames travel over standard input and output: to the replica `LENGTH\n` and a request as JSON; from
it `KIND LENGTH\n` and a payload. Kinds: `ready`, `unusable` (a traceback; the function cannot be
served), `answer` (JSON), `exception` (a traceback). What the function prints goes to standard error,
which the server keeps as the replica's log.

The replica ends when its standard input ends, so it never outlives the server, however that ends.
"""

import importlib.machinery
import importlib.util
import json
import os
import queue
import signal
import sys
import threading
import traceback


def end():
    """Ends this process and whatever the function started, at once, whatever it is doing."""
    if os.getpgrp() == os.getpid():
        os.killpg(os.getpgrp(), signal.SIGKILL)
    os._exit(0)


def receive(stream, requests):
    """Queues requests; runs beside the function, so that the end of the server is always noticed."""
    while True:
        head = stream.readline()
        body = stream.read(int(head)) if head else b""
        if not head or len(body) < int(head):
            end()
        requests.put(body)


def load(root, file, function):
    """The function, from a file that is run as a module of its own."""
    path = os.path.join(root, file)
    sys.path[:0] = [root, os.path.dirname(path)]
    name = os.path.splitext(os.path.basename(file))[0]
    spec = importlib.util.spec_from_loader(
        name, importlib.machinery.SourceFileLoader(name, path), origin=path
    )
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    spec.loader.exec_module(module)
    served = getattr(module, function, None)
    if served is None:
        raise AttributeError(f"{file} has no function {function!r}")
    if not callable(served):
        raise TypeError(f"{function!r} in {file} is not a function")
    return served


def main():
    root, file, function = sys.argv[1:4]
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

    requests = queue.SimpleQueue()
    threading.Thread(target=receive, args=(incoming, requests), daemon=True).start()
    try:
        served = load(root, file, function)
    except BaseException:  # SystemExit too: a script that exits cannot be served
        text = traceback.format_exc()
        sys.stderr.write(text)
        send("unusable", text)
        return
    send("ready", "")
    while True:
        try:
            # NaN and infinities are not JSON; a client could not read them.
            answer = json.dumps(served(json.loads(requests.get())), allow_nan=False)
        except Exception:
            text = traceback.format_exc()
            sys.stderr.write(text)
            send("exception", text)
        else:
            send("answer", answer)


if __name__ == "__main__":
    main()
