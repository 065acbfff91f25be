"""Takes newer commits of hub repositories: `python update_models.py [REPOSITORY ...]`, all that are in use when none is named.

The files follow when the app is started the next time.
"""

from __future__ import annotations

import sys

from models.files.hub_lock import HubLock, take_newer_commits
from models.files.hub_weights import HubWeights
from settings import Settings


def main() -> None:
    """Run the command line."""
    lock = HubLock(Settings().hub_lock_path)
    repositories = tuple(sys.argv[1:]) or lock.repositories()
    changed = take_newer_commits(lock, HubWeights(lock).latest_commit, repositories)
    for repository, (old, new) in changed.items():
        print(f"{repository}: {old or 'never used'} -> {new}")
    print(f"{len(changed)} of {len(repositories)} repositories have a newer commit.")


if __name__ == "__main__":
    main()
