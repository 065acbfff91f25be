"""Cases for an endpoint: a damaged file with plain options, a good file with one or two wild options, or no file at all."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, TypeVar

from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis import strategies as st

from tests.hostile.answers import Answer
from tests.hostile.caller import Argument, Caller
from tests.hostile.mutations import ARCHIVES, PICTURES, SOUNDS, mutated, seed_file
from tests.hostile.values import no_files, values_for

PLAIN = settings(database=None, deadline=None, phases=[Phase.generate], suppress_health_check=list(HealthCheck))
"""Phases of hypothesis: examples are generated, and neither shrunk nor explained."""
Example = TypeVar("Example")
LISTS = ("list[filepath]",)


@dataclass(frozen=True)
class Upload:
    """A file that is uploaded before the call."""

    seed: str
    number: int = 0
    """Of the mutation; 0 for the file as it is."""

    def content(self) -> bytes:
        """Return the bytes."""
        return mutated(seed_file(self.seed), self.number)


GOOD = {
    "audio": Upload("flac.flac"),
    "chunk": Upload("wav.wav"),
    "bundle": Upload("bundle.zip"),
    "init_image": Upload("ours.png"),
}
"""Files that each argument takes; of sound, a fifth of a second, so that jobs are short."""
DAMAGED = {"audio": SOUNDS, "chunk": ("wav.wav", "flac.flac", "aiff.aiff", "mp3.mp3"), "bundle": ARCHIVES}
RECORDINGS = ("audio", "chunk")
"""Arguments whose damaged files begin a job where they can be read; test_files.py has them without."""
NO_RECORDING = Upload("arrays.npz")
"""An upload that is refused when all options are found right."""


@dataclass(frozen=True)
class Case:
    """The arguments of a call."""

    arguments: tuple[Any, ...]
    by_name: bool
    """Whether they are sent as a JSON object."""

    def send(self, caller: Caller, endpoint: str, names: tuple[str, ...]) -> Answer:
        """Upload the files, and call."""
        values = [_sent(value, caller) for value in self.arguments]
        return caller.call(endpoint, dict(zip(names, values, strict=False)) if self.by_name else values, self.by_name)


def cases_of(arguments: tuple[Argument, ...], count: int, with_job: int) -> list[Case]:
    """Return `count` cases, the same for the same arguments, as many of each kind.

    Args:
        with_job: how many of them have a recording that can be read, so that a job begins unless an option is refused.
    """
    found: list[Case] = []
    for total, is_readable in ((with_job, True), (count - with_job, False)):
        kinds = _kinds(arguments, is_readable)
        for place, kind in enumerate(kinds):
            found += examples(kind, len(range(place, total, len(kinds))))
    return found


def examples(strategy: st.SearchStrategy[Example], count: int) -> list[Example]:
    """Return `count` examples, the same for the same strategy."""
    found: list[Example] = []

    # As hypothesis makes examples: the first is the plainest, and left out; none of them fails here.
    @seed(0)
    @settings(
        max_examples=count + 1, database=None, deadline=None, phases=[Phase.generate], suppress_health_check=list(HealthCheck)
    )
    @given(strategy)
    def collect(example: Example) -> None:
        found.append(example)

    if count:
        collect()
    return found[1:]


def _kinds(arguments: tuple[Argument, ...], is_readable: bool) -> list[st.SearchStrategy[Case]]:
    files = [argument for argument in arguments if argument.is_file]
    usual = [st.just(_usual(argument, is_readable)) for argument in arguments]
    wild = _with(arguments, usual, 2, {argument.name: values_for(argument) for argument in arguments if not argument.is_file})
    other_counts = st.lists(st.one_of(*usual), max_size=len(arguments) + 2).map(lambda values: Case(tuple(values), False))
    kinds = [st.one_of(*[wild] * 8, other_counts)]
    if files:
        damaged = {one.name: _damaged(one) for one in files if is_readable or one.name not in RECORDINGS}
        kinds += [_with(arguments, usual, 1, damaged)] if damaged else []
        kinds += [_with(arguments, usual, 1, {one.name: no_files() for one in files})] if not is_readable else []
    return kinds


def _with(
    arguments: tuple[Argument, ...],
    usual: list[st.SearchStrategy[Any]],
    most: int,
    wild: dict[str, st.SearchStrategy[Any]],
) -> st.SearchStrategy[Case]:
    """Return cases in which up to `most` of the arguments in `wild` have a value from there."""
    names = [argument.name for argument in arguments]
    chosen = st.lists(st.sampled_from(sorted(wild)), min_size=1, max_size=most, unique=True) if wild else st.just([])

    def values(changed: list[str]) -> st.SearchStrategy[Case]:
        strategies = [wild[name] if name in changed else plain for name, plain in zip(names, usual, strict=True)]
        return st.builds(lambda by_name, *found: Case(tuple(found), by_name), st.booleans(), *strategies)

    return chosen.flatmap(values)


def _usual(argument: Argument, is_readable: bool) -> Any:
    """Return what an argument is when another one is tried."""
    if argument.name in GOOD and argument.name != "init_image":
        upload = GOOD[argument.name] if is_readable or argument.name == "bundle" else NO_RECORDING
        return (upload,) if argument.kind in LISTS else upload
    if argument.name == "labels":
        return ["a dog", "a bell"]
    return "" if argument.kind == "str" and argument.default is None else argument.default


def _damaged(argument: Argument) -> st.SearchStrategy[Any]:
    names = DAMAGED.get(argument.name, PICTURES)
    one = st.builds(Upload, st.sampled_from(names), st.integers(1, 2**31))
    return st.lists(one, min_size=1, max_size=3).map(tuple) if argument.kind in LISTS else one


def _sent(value: Any, caller: Caller) -> Any:
    """Return a value as it is sent, its files uploaded."""
    if isinstance(value, Upload):
        return caller.upload(value.content(), value.seed) if value.number else caller.uploaded_seed(value.seed)
    return [_sent(one, caller) for one in value] if isinstance(value, tuple) else value


def described(case: Case, names: tuple[str, ...]) -> Iterator[str]:
    """Yield what a case has that is not usual, short enough for a report."""
    for name, value in zip(names, case.arguments, strict=False):
        yield f"{name}={value!r:.120}"
