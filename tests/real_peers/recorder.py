"""Runs a command and keeps what passes: `recorder.py FOLDER COMMAND…` writes FOLDER/in and FOLDER/out.

SIGTERM and SIGINT are passed on, standard error is left alone, and the exit status is the command's.
"""

import os
import signal
import subprocess
import sys
import threading

folder, command = sys.argv[1], sys.argv[2:]
os.makedirs(folder, exist_ok=True)
server = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, process_group=0)
for number in (signal.SIGTERM, signal.SIGINT):
    signal.signal(number, lambda number, _: server.send_signal(number))


def write_all(target, piece):
    while piece:
        piece = piece[os.write(target, piece):]


def copy(source, target, name):
    with open(os.path.join(folder, name), "wb", buffering=0) as record:
        while piece := os.read(source, 65536):
            record.write(piece)
            write_all(target, piece)


def requests():
    try:
        copy(0, server.stdin.fileno(), "in")
    except BrokenPipeError:
        pass
    server.stdin.close()


threading.Thread(target=requests, daemon=True).start()
copy(server.stdout.fileno(), 1, "out")
status = server.wait()
sys.stdout.flush()
# The other thread may still wait for input.
os._exit(status if status >= 0 else 128 - status)
