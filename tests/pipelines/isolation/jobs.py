"""What workers are made to run: each shows one way in which native code fails."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from models.errors import InvalidOption
from pipelines.clip.errors import EmptyClip
from pipelines.isolation.confinement import MAX_MEMORY_BYTES

StopFlag = Callable[[], bool]


def double(number: int, should_stop: StopFlag) -> bytes:
    return str(2 * number).encode()


def count(until: int, should_stop: StopFlag) -> Iterator[bytes]:
    for number in range(until):
        yield bytes([number])


def process_id(should_stop: StopFlag) -> bytes:
    return str(os.getpid()).encode()


def kill_itself(should_stop: StopFlag) -> bytes:
    os.kill(os.getpid(), signal.SIGSEGV)
    return b""


def kill_after(*arguments: object) -> bytes:
    """Die whatever is asked, in place of a function with other arguments."""
    os.kill(os.getpid(), signal.SIGKILL)
    return b""


def hang_after(*arguments: object) -> bytes:
    """Like `kill_after`."""
    signal.pause()
    return b""


def take_memory_after(*arguments: object) -> bytes:
    """Like `kill_after`."""
    return bytes(MAX_MEMORY_BYTES)


def answer_anything_after(*arguments: object) -> bytes:
    """Like `kill_after`: what a worker answers that a file has taken over."""
    return b"{}anything"


def hang(should_stop: StopFlag) -> bytes:
    signal.pause()
    return b""


def work_with_beats(seconds: float, should_stop: StopFlag) -> bytes:
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        should_stop()
    return b"done"


def take_memory(size: int, should_stop: StopFlag) -> bytes:
    return str(len(bytearray(size))).encode()


def open_files(file: Path, count: int, should_stop: StopFlag) -> bytes:
    return str(len([open(file) for _ in range(count)])).encode()


def reach_network(should_stop: StopFlag) -> bytes:
    with socket.socket():
        return b"reached"


def start_program(should_stop: StopFlag) -> bytes:
    return subprocess.run([sys.executable, "-c", "print('started')"], capture_output=True, check=True).stdout


def print_loudly(should_stop: StopFlag) -> bytes:
    print("a library's chatter", flush=True)
    os.write(1, b"and native chatter\n")
    return b"result"


def raise_own(should_stop: StopFlag) -> bytes:
    raise EmptyClip


def raise_option(should_stop: StopFlag) -> bytes:
    raise InvalidOption("part", "x", "numbers")


def raise_full_disk(should_stop: StopFlag) -> bytes:
    raise OSError(28, "No space left on device")


def raise_bug(should_stop: StopFlag) -> bytes:
    raise ZeroDivisionError("a bug of ours")
