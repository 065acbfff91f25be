from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import huggingface_hub
import pytest
from huggingface_hub import constants

from models.errors import ModelUnavailable
from models.files.hub_lock import VERSION, HubLock, HubLockUnreadable, take_newer_commits
from models.files.hub_weights import PROBE_INTERVAL_SECONDS, HubWeights
from models.files.model_files import ModelFiles
from models.files.package_weights import PackageWeights
from models.specs.model_spec import HubSource, ModelSpec
from models.specs.speech import SPEECH_MODELS
from tests.models.fake_hub import FakeHub
from tests.models.fakes import GUARD_SECONDS, FakeClock, Gate, await_event, in_thread, make_spec

REPOSITORY = "tests/tiny-whisper"
SOURCE = HubSource(REPOSITORY, ("config.json", "model.bin", "vocabulary.*"))
SPEC = make_spec("tiny", source=SOURCE)
EVERYTHING = make_spec("all", source=HubSource(REPOSITORY))
OLD = {"config.json": b"{}", "model.bin": b"old weights", "vocabulary.txt": b"words", "README.md": b"not for us"}
NEW = OLD | {"model.bin": b"new weights"}
UNREACHABLE = "the model hub cannot be reached"


@pytest.fixture(autouse=True)
def direct_connection(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """No proxy and no offline switch of the environment stands between the test and its hub."""
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", False)
    huggingface_hub.close_session()
    yield
    huggingface_hub.close_session()


@pytest.fixture
def hub() -> Iterator[FakeHub]:
    hub = FakeHub(REPOSITORY)
    hub.commit(OLD)
    yield hub
    hub.stop()


@pytest.fixture
def lock(tmp_path: Path) -> HubLock:
    return HubLock(tmp_path / "locks" / "hub.json")


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
def start(tmp_path: Path, hub: FakeHub, lock: HubLock, clock: FakeClock) -> Callable[[], ModelFiles]:
    """Starts the app anew, as far as model files are concerned."""

    def start() -> ModelFiles:
        return ModelFiles(PackageWeights(tmp_path / "assembled"), HubWeights(lock, hub.endpoint, tmp_path / "cache", clock))

    return start


Start = Callable[[], ModelFiles]


def weights(files: ModelFiles) -> bytes:
    return (files.fetch(SPEC).directory / "model.bin").read_bytes()


def test_the_first_download_brings_the_wanted_files_and_locks_the_commit(start: Start, hub: FakeHub, lock: HubLock) -> None:
    fetched = start().fetch(SPEC)
    assert sorted(path.name for path in fetched.directory.iterdir()) == ["config.json", "model.bin", "vocabulary.txt"]
    assert fetched.revision == hub.head
    assert lock.commit(REPOSITORY) == hub.head
    assert lock.files(REPOSITORY) == ("config.json", "model.bin", "vocabulary.txt")
    assert lock.repositories() == (REPOSITORY,)


def test_the_locked_commit_stays_when_the_repository_moves_on(start: Start, hub: FakeHub, lock: HubLock) -> None:
    old = start().fetch(SPEC).revision
    hub.commit(NEW)
    hub.requests.clear()
    files = start()
    assert files.availability(SPEC).words == "downloaded"
    assert (weights(files), lock.commit(REPOSITORY)) == (b"old weights", old)
    assert hub.requests == []


def test_a_locked_commit_is_downloaded_even_if_the_head_is_newer(
    start: Start, hub: FakeHub, lock: HubLock, tmp_path: Path
) -> None:
    old = hub.head
    hub.commit(NEW)
    lock.write(REPOSITORY, old, ())
    assert weights(start()) == b"old weights"


def test_taking_the_newer_commit_brings_the_new_files(start: Start, hub: FakeHub, lock: HubLock) -> None:
    files = start()
    old = files.fetch(SPEC).revision
    latest = HubWeights(lock, hub.endpoint).latest_commit
    assert take_newer_commits(lock, latest, lock.repositories()) == {}
    new = hub.commit(NEW)
    assert take_newer_commits(lock, latest, lock.repositories()) == {REPOSITORY: (old, new)}
    assert weights(files) == b"old weights", "a running app keeps what it has"
    again = start()
    assert again.availability(SPEC).words == "on the hub"
    assert weights(again) == b"new weights"
    assert lock.commit(REPOSITORY) == new


PICKLED = {"config.json": b"{}", "vocabulary.txt": b"words", "pytorch_model.bin": b"pickle"}


def test_a_pull_request_is_followed_and_its_commit_locked(start: Start, hub: FakeHub, lock: HubLock) -> None:
    hub.commit(PICKLED)
    proposed = hub.propose(OLD, "refs/pr/2")
    spec = make_spec("proposed", source=replace(SOURCE, revision="refs/pr/2"))
    fetched = start().fetch(spec)
    assert (fetched.revision, lock.commit(REPOSITORY)) == (proposed, proposed)
    newer = hub.propose(NEW, "refs/pr/2")
    assert start().fetch(spec).revision == proposed
    assert HubWeights(lock, hub.endpoint).latest_commit(REPOSITORY, "refs/pr/2") == newer
    hub.stop()
    assert start().availability(spec).words == "downloaded"


def test_the_catalogues_commit_comes_before_the_lock_files(start: Start, hub: FakeHub, lock: HubLock) -> None:
    lock.write(REPOSITORY, hub.commit(PICKLED), ())
    converted = hub.propose(OLD)
    spec = make_spec("converted", source=replace(SOURCE, revision=converted))
    assert start().fetch(spec).revision == converted
    hub.stop()
    assert start().availability(spec).words == "downloaded"


def test_a_repository_that_lacks_a_wanted_file_is_refused_by_name(start: Start, hub: FakeHub) -> None:
    hub.commit(PICKLED)
    with pytest.raises(ModelUnavailable, match=f"commit {hub.head[:7]} of {REPOSITORY} lacks model.bin"):
        start().fetch(SPEC)


@pytest.mark.parametrize("spec", [SPEC, EVERYTHING])
def test_what_was_downloaded_works_without_the_hub(start: Start, hub: FakeHub, spec) -> None:
    start().fetch(spec)
    hub.stop()
    files = start()
    assert files.availability(spec).words == "downloaded"
    assert (files.fetch(spec).directory / "model.bin").read_bytes() == b"old weights"


@pytest.mark.parametrize(
    "spec", [spec for spec in SPEECH_MODELS if isinstance(spec.source, HubSource)], ids=lambda spec: spec.key
)
def test_a_whisper_that_was_downloaded_works_without_the_hub(tmp_path: Path, lock: HubLock, spec: ModelSpec) -> None:
    """Only the two with 128 mel bands come with a configuration of their features."""
    assert isinstance(spec.source, HubSource)
    listing = {"README.md", "config.json", "model.bin", "tokenizer.json"}
    large = spec.key in ("whisper-large-v3", "whisper-large-v3-turbo")
    listing |= {"vocabulary.json", "preprocessor_config.json"} if large else {"vocabulary.txt"}
    hub = FakeHub(spec.source.repository)
    hub.commit(dict.fromkeys(listing, b"{}"))
    HubWeights(lock, hub.endpoint, tmp_path / "cache").fetch(spec, spec.source)
    hub.stop()
    directory = HubWeights(lock, hub.endpoint, tmp_path / "cache").local_directory(spec.source)
    assert directory is not None
    assert {path.name for path in directory.iterdir()} == listing - {"README.md"}


def test_without_the_hub_the_reason_is_reported_in_words(start: Start, hub: FakeHub) -> None:
    hub.stop()
    files = start()
    assert files.hub_state(ask_hub=False).words == "the model hub was not asked yet"
    assert files.availability(SPEC).words == UNREACHABLE
    with pytest.raises(ModelUnavailable, match=UNREACHABLE):
        files.fetch(SPEC)


def test_a_hub_that_is_switched_off_is_not_asked(start: Start, hub: FakeHub, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", True)
    assert "HF_HUB_OFFLINE" in start().availability(SPEC).words
    assert hub.requests == []


def test_the_hub_is_probed_once_a_minute(start: Start, hub: FakeHub, clock: FakeClock) -> None:
    files = start()
    for _ in range(3):
        assert files.availability(SPEC).words == "on the hub"
    assert hub.count("HEAD", "/") == 1
    clock.advance(PROBE_INTERVAL_SECONDS - 1)
    files.availability(SPEC)
    assert hub.count("HEAD", "/") == 1
    clock.advance(1)
    files.availability(SPEC)
    assert hub.count("HEAD", "/") == 2
    assert files.availability(SPEC, ask_hub=False).available
    hub.stop()
    assert files.availability(SPEC).available, "not asked again within the minute"
    clock.advance(PROBE_INTERVAL_SECONDS)
    assert files.availability(SPEC).words == UNREACHABLE


@pytest.mark.parametrize("spec", [SPEC, EVERYTHING])
@pytest.mark.parametrize("commit_is_locked", [False, True])
@pytest.mark.parametrize("missing", ["model.bin", "vocabulary.txt"])
def test_a_download_that_broke_off_is_not_downloaded_and_is_finished_later(
    start: Start, hub: FakeHub, lock: HubLock, spec, commit_is_locked: bool, missing: str
) -> None:
    if commit_is_locked:
        lock.write(REPOSITORY, hub.head, ())
    hub.broken = {missing}
    with pytest.raises(ModelUnavailable, match="download failed"):
        start().fetch(spec)
    assert start().availability(spec).words == "on the hub"
    assert lock.files(REPOSITORY) == ()
    hub.broken = set()
    assert (start().fetch(spec).directory / missing).read_bytes() == OLD[missing]


def test_many_at_once_make_one_download(start: Start, hub: FakeHub) -> None:
    files = start()
    gate = Gate()
    hub.before_file = gate
    futures = [in_thread(files.fetch, SPEC) for _ in range(4)]
    await_event(gate.reached)
    gate.opened.set()
    assert len({id(future.result(GUARD_SECONDS)) for future in futures}) == 1
    assert hub.count("GET", "/model.bin") == 1


def test_a_repository_that_is_not_there_is_reported(start: Start) -> None:
    with pytest.raises(ModelUnavailable, match="download failed"):
        start().fetch(make_spec("gone", source=HubSource("tests/gone")))


def test_the_lock_keeps_other_repositories_and_reads_back_what_it_wrote(lock: HubLock) -> None:
    lock.write("x/one", "1" * 40, ("b", "a"))
    lock.write("x/two", "2" * 40, ())
    lock.write("x/one", "3" * 40, ("c",))
    assert lock.repositories() == ("x/one", "x/two")
    assert (lock.commit("x/one"), lock.files("x/one")) == ("3" * 40, ("c",))
    assert (lock.commit("x/none"), lock.files("x/none")) == (None, ())


def test_repositories_that_are_locked_at_the_same_time_are_all_kept(lock: HubLock) -> None:
    names = [f"x/{number}" for number in range(12)]
    for future in [in_thread(lock.write, name, "1" * 40, ()) for name in names]:
        future.result(GUARD_SECONDS)
    assert sorted(lock.repositories()) == sorted(names)


TOWER = make_spec("tower", source=HubSource(REPOSITORY, ("config.json", "*.index.json"), weight_prefix="tower."))
WHOLE = make_spec("whole", source=HubSource(REPOSITORY, ("config.json", "*.json", "*.safetensors")))
SHARDS = {
    "config.json": b"{}",
    "model.safetensors.index.json": json.dumps({"weight_map": {"tower.a": "1.safetensors", "rest.b": "2.safetensors"}}).encode(),
    "1.safetensors": b"tower",
    "2.safetensors": b"rest",
}


def test_of_a_part_only_its_shards_are_downloaded(start: Start, hub: FakeHub) -> None:
    hub.commit(SHARDS)
    directory = start().fetch(TOWER).directory
    assert sorted(path.name for path in directory.iterdir()) == ["1.safetensors", "config.json", "model.safetensors.index.json"]
    assert hub.count("GET", "/2.safetensors") == 0
    hub.stop()
    assert start().availability(TOWER).words == "downloaded"


def test_a_part_that_is_here_is_not_the_whole(start: Start, hub: FakeHub) -> None:
    hub.commit(SHARDS)
    files = start()
    files.fetch(TOWER)
    assert start().availability(WHOLE).words == "on the hub"
    assert (start().fetch(WHOLE).directory / "2.safetensors").read_bytes() == b"rest"
    hub.stop()
    assert [start().availability(spec).words for spec in (TOWER, WHOLE)] == ["downloaded", "downloaded"]


@pytest.mark.parametrize("spec", [TOWER, WHOLE], ids=["part", "whole"])
def test_a_missing_shard_is_reported_and_fetched_later(start: Start, hub: FakeHub, spec) -> None:
    hub.commit(SHARDS)
    hub.broken = {"1.safetensors"}
    with pytest.raises(ModelUnavailable, match="download failed"):
        start().fetch(spec)
    assert start().availability(spec).words == "on the hub"
    hub.broken = set()
    assert (start().fetch(spec).directory / "1.safetensors").read_bytes() == b"tower"


def test_without_permission_nothing_is_downloaded_and_what_is_here_is_used(
    start: Start, hub: FakeHub, lock: HubLock, tmp_path: Path
) -> None:
    weights = HubWeights(lock, hub.endpoint, tmp_path / "cache")
    viewers = ModelFiles(PackageWeights(tmp_path / "assembled"), weights, may_download=lambda: False)
    assert not viewers.availability(SPEC).available
    with pytest.raises(ModelUnavailable, match="only a keeper can download it"):
        viewers.fetch(SPEC)
    assert hub.requests == []
    start().fetch(SPEC)
    assert viewers.availability(SPEC).available
    assert viewers.fetch(SPEC).revision == hub.head


def test_a_lock_of_the_first_version_is_read_and_written_anew(lock: HubLock) -> None:
    lock.path.parent.mkdir(parents=True)
    lock.path.write_text(json.dumps({REPOSITORY: {"commit": "a" * 40, "files": ["config.json"]}}))
    assert (lock.commit(REPOSITORY), lock.files(REPOSITORY)) == ("a" * 40, ("config.json",))
    lock.write("tests/other", "b" * 40, ())
    assert json.loads(lock.path.read_text())["version"] == VERSION
    assert {name: lock.commit(name) for name in lock.repositories()} == {REPOSITORY: "a" * 40, "tests/other": "b" * 40}


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (json.dumps({"version": VERSION + 1, "locked": []}), "newer version of the app"),
        ("{", "is damaged"),
        ("[]", "is damaged"),
        (json.dumps({REPOSITORY: "main"}), "is damaged"),
        (json.dumps({"version": VERSION, "repositories": 3}), "is damaged"),
    ],
)
def test_a_lock_that_cannot_be_read_is_refused_in_words_and_stays(lock: HubLock, content: str, words: str) -> None:
    lock.path.parent.mkdir(parents=True)
    lock.path.write_text(content)
    for use in (lock.repositories, lambda: lock.commit(REPOSITORY), lambda: lock.write(REPOSITORY, "a" * 40, ())):
        with pytest.raises(HubLockUnreadable, match=words):
            use()
    assert lock.path.read_text() == content
