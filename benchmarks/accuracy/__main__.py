"""Measures accuracy: `make accuracy MUSIC=folder`, or `python -m benchmarks.accuracy --help`.

The folder keeps the packages, downloaded where they are absent, the excerpts read from them, the outputs of the networks and what
other programs found; a second run computes only the decisions. The figures are written to docs/accuracy.md.
"""

from __future__ import annotations

import argparse
from pathlib import Path

from benchmarks.accuracy.peers.readings import PEER_TASKS
from benchmarks.accuracy.report import DOCUMENT, summary, write_document
from benchmarks.accuracy.run import DEFAULT_SECONDS, measured
from benchmarks.accuracy.sources import read_sources


def main() -> None:
    """Measure all sources that can be had, print the tables and write the document."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--music", type=Path, required=True, help="folder that keeps packages, excerpts and outputs")
    parser.add_argument("--seconds", type=float, default=DEFAULT_SECONDS, help="of each source; 'inf' for all")
    parser.add_argument("--split", nargs="+", choices=("tuning", "kept apart"), default=["kept apart"])
    parser.add_argument("--kind", nargs="+", choices=("real", "rendered"), default=["real", "rendered"])
    parser.add_argument("--source", nargs="+", default=[""], help="parts of the names of the sources that are measured")
    parser.add_argument("--peers", nargs="*", choices=tuple(PEER_TASKS), default=["librosa"], help="other programs")
    parser.add_argument("--only-kept", action="store_true", help="do not run other programs: use what they found in earlier runs")
    parser.add_argument("--write", action="store_true", help=f"write the figures to {DOCUMENT}")
    arguments = parser.parse_args()
    wanted = (source for source in read_sources() if source.split in arguments.split and source.kind in arguments.kind)
    sources = [source for source in wanted if any(part in source.name for part in arguments.source)]
    results = list(measured(sources, arguments.music, arguments.seconds, arguments.peers, arguments.only_kept))
    print(summary(results))
    if arguments.write:
        write_document(results)
        print(f"The figures are in {DOCUMENT}.")


if __name__ == "__main__":
    main()
