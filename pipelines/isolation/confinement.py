"""What a worker process may not do: take much memory, open many files, reach the network, start programs."""

from __future__ import annotations

import ctypes
import errno
import platform
import struct
import sys

MAX_MEMORY_BYTES = 2 * 2**30
"""Data of one worker; files that are mapped do not count."""
MAX_OPEN_FILES = 64
SET_NO_NEW_PRIVILEGES, SET_SECCOMP, FILTER_MODE = 38, 22, 2
"""Arguments of prctl(2)."""
LOAD_WORD, JUMP_IF_EQUAL, RETURN = 0x20, 0x15, 0x06
"""Instructions of the classic Berkeley packet filter."""
ALLOW, REFUSE = 0x7FFF0000, 0x00050000 | errno.EPERM
"""What a filter returns (seccomp(2))."""
CALL_OFFSET, MACHINE_OFFSET = 0, 4
"""Where struct seccomp_data has the number of the system call and the machine."""
REFUSED_CALLS = {
    "x86_64": (0xC000003E, {"socket": 41, "execve": 59, "execveat": 322}),
    "aarch64": (0xC00000B7, {"socket": 198, "execve": 221, "execveat": 281}),
}
"""Kind of machine -> its number in the kernel, and the numbers of the system calls that are refused."""


def confine() -> None:
    """Limit the calling process for the rest of its life, as far as the operating system can."""
    if sys.platform != "win32":
        _limit_resources()
    if sys.platform == "linux":
        _refuse_system_calls()


def _limit_resources() -> None:
    import resource

    wanted = {resource.RLIMIT_NOFILE: MAX_OPEN_FILES, resource.RLIMIT_CORE: 0}
    if sys.platform == "linux":
        wanted[resource.RLIMIT_DATA] = MAX_MEMORY_BYTES
    for which, limit in wanted.items():
        hard = resource.getrlimit(which)[1]
        limit = limit if hard == resource.RLIM_INFINITY else min(limit, hard)
        resource.setrlimit(which, (limit, limit))


def _refuse_system_calls() -> None:
    """Install a filter under which the calls of `REFUSED_CALLS` fail with EPERM; a kernel without filters goes without."""
    if platform.machine() not in REFUSED_CALLS:
        return
    machine, calls = REFUSED_CALLS[platform.machine()]
    last = len(calls)
    program = [(LOAD_WORD, 0, 0, MACHINE_OFFSET), (JUMP_IF_EQUAL, 0, last + 1, machine), (LOAD_WORD, 0, 0, CALL_OFFSET)]
    program += [(JUMP_IF_EQUAL, last - place, 0, number) for place, number in enumerate(calls.values())]
    program += [(RETURN, 0, 0, ALLOW), (RETURN, 0, 0, REFUSE)]
    code = ctypes.create_string_buffer(b"".join(struct.pack("<HBBI", *step) for step in program))
    header = ctypes.create_string_buffer(struct.pack("@HP", len(program), ctypes.addressof(code)))
    prctl = ctypes.CDLL(None, use_errno=True).prctl
    prctl(SET_NO_NEW_PRIVILEGES, 1, 0, 0, 0)
    prctl(SET_SECCOMP, FILTER_MODE, header, 0, 0)
