"""Takes newer commits of hub repositories: `python update_models.py [REPOSITORY ...]`, all that are in use when none is named.

The files follow when the app is started the next time. Where the catalogue names a commit, that one stays.
"""

from __future__ import annotations

import sys

from models.files.hub_lock import HubLock, HubLockUnreadable, take_newer_commits
from models.files.hub_weights import HubWeights
from models.model_catalog import ALL_MODELS
from models.specs.model_spec import HubSource
from settings import Settings


def main() -> None:
    """Run the command line."""
    lock = HubLock(Settings().hub_lock_path)
    repositories = tuple(sys.argv[1:]) or lock.repositories()
    sources = (spec.source for spec in ALL_MODELS if isinstance(spec.source, HubSource))
    revisions = {source.repository: source.revision for source in sources}
    hub = HubWeights(lock)
    changed = take_newer_commits(lock, lambda name: hub.latest_commit(name, revisions.get(name, "")), repositories)
    for repository, (old, new) in changed.items():
        print(f"{repository}: {old or 'never used'} -> {new}")
    print(f"{len(changed)} of {len(repositories)} repositories have a newer commit.")


if __name__ == "__main__":
    try:
        main()
    except HubLockUnreadable as unreadable:
        raise SystemExit(str(unreadable)) from None
