"""Write docs/licences.md, the licences of packages and models: `python -m docs.make_licences`."""

from __future__ import annotations

import re
from collections.abc import Iterator
from importlib import metadata
from pathlib import Path

from models.model_catalog import ALL_MODELS
from models.specs.model_spec import HubSource, ModelSpec

ROOT = Path(__file__).parent.parent
LICENCES = Path(__file__).with_name("licences.md")
COMMAND = "python -m docs.make_licences"
PERMISSIVE = frozenset(
    {
        *("0BSD", "Apache-2.0", "BSD", "BSD-2-Clause", "BSD-3-Clause", "BSL-1.0", "CC0-1.0", "CNRI-Python", "ISC"),
        *("MIT", "MIT-0", "MIT-CMU", "PSF-2.0", "Unlicense", "Zlib"),
    }
)
"""'BSD' where a package does not say which: all of them are permissive."""
WEAK_COPYLEFT = frozenset({"MPL-2.0", "LGPL-2.1-or-later", "LGPL-3.0-only"})
"""Accepted for packages, which are installed unchanged and can be replaced."""
ATTRIBUTION = frozenset({"CC-BY-3.0", "CC-BY-4.0"})
"""Accepted for weights; NOTICE names the authors."""
ACCEPTED_PACKAGES = PERMISSIVE | WEAK_COPYLEFT
ACCEPTED_WEIGHTS = PERMISSIVE | ATTRIBUTION
NAMES = {
    "Apache Software License": "Apache-2.0",
    "Apache": "Apache-2.0",
    "Apache 2.0": "Apache-2.0",
    "Apache 2.0 License": "Apache-2.0",
    "BSD License": "BSD",
    "BSD 3-Clause License": "BSD-3-Clause",
    "3-Clause BSD License": "BSD-3-Clause",
    "ISC License (ISCL)": "ISC",
    "MIT License": "MIT",
    "Mozilla Public License 2.0 (MPL 2.0)": "MPL-2.0",
    "Dual License": "BSD AND Apache-2.0",
}
"""SPDX identifiers of what packages write in other words."""
ELSEWHERE = {
    "audioop-lts": "PSF-2.0",
    "colorama": "BSD-3-Clause",
    "exceptiongroup": "MIT AND PSF-2.0",
    "importlib-metadata": "Apache-2.0",
    "pyreadline3": "BSD-3-Clause",
    "pywin32": "PSF-2.0",
    "standard-aifc": "PSF-2.0",
    "standard-chunk": "PSF-2.0",
    "standard-sunau": "PSF-2.0",
    "tomli": "MIT",
    "torch": "BSD-3-Clause",
    "zipp": "MIT",
}
"""Packages that some systems or versions of Python do without, or whose builds differ, by what their pages say."""
REQUIREMENT = re.compile(r"^([A-Za-z0-9._-]+)==", re.MULTILINE)
EXCEPTION = re.compile(r" WITH [\w.-]+|[()]")
HEAD = f"""# Licences

Written by `{COMMAND}` (`make licences`) from the metadata of the packages in requirements.txt and from the catalogue; a test
compares them. Audioscope itself is under Apache-2.0. [NOTICE](../NOTICE) names the authors of the weights, of the example clips
and of what models were trained on; no font and no SoundFont is part of the repository.

Accepted for packages are permissive licences: {", ".join(sorted(PERMISSIVE))};
and, as packages are installed unchanged, weak copyleft: {", ".join(sorted(WEAK_COPYLEFT))}.
Accepted for weights that come with the app are permissive licences, {" and ".join(sorted(ATTRIBUTION))}.
Models of the hub are downloaded by whoever chooses them, under their own terms, which the tab Models shows before.
A wheel may hold libraries with licences of their own, such as FFmpeg in av; its own files list them.
"""


def runtime_packages(requirements: str) -> list[str]:
    """Return the names of the packages of a lock file, each once, in its order."""
    return list(dict.fromkeys(REQUIREMENT.findall(requirements)))


def package_licence(name: str) -> str:
    """Return the licence in the metadata of an installed package, as an SPDX expression where it can be told; '' for none."""
    if name in ELSEWHERE:
        return ELSEWHERE[name]
    facts = metadata.metadata(name).json
    if expression := facts.get("license_expression"):
        return str(expression)
    words = str(facts.get("license", "")).strip().split("\n")[0]
    classes = [str(one).rpartition(" :: ")[2] for one in facts.get("classifier", ()) if one.startswith("License :: OSI")]
    written = NAMES.get(words, words)
    return written if parts(written) <= ACCEPTED_PACKAGES and written else " AND ".join(NAMES.get(one, one) for one in classes)


def parts(expression: str) -> frozenset[str]:
    """Return the identifiers of an SPDX expression, without exceptions."""
    return frozenset(part for part in re.split(r" AND | OR ", EXCEPTION.sub("", expression)) if part)


def model_licence(spec: ModelSpec) -> str:
    """Return the licence of a model without what is said about it in brackets."""
    return spec.licence.split(" (")[0]


def comes_with_the_app(spec: ModelSpec) -> bool:
    """Return whether the weights are in the repository or in its packages."""
    return not isinstance(spec.source, HubSource)


def licences_page(requirements: str) -> str:
    """Return the page, in Markdown."""
    rows = "".join(f"| {name} | {package_licence(name)} |\n" for name in runtime_packages(requirements))
    return (
        f"{HEAD}\n## Packages\n\n| package | licence |\n|---|---|\n{rows}"
        f"\n## Weights that come with the app\n\n{_models(True)}\n## Models of the hub\n\n{_models(False)}"
    )


def _models(is_own: bool) -> str:
    return "| model | licence |\n|---|---|\n" + "".join(dict.fromkeys(_model_rows(is_own)))


def _model_rows(is_own: bool) -> Iterator[str]:
    for spec in ALL_MODELS:
        if comes_with_the_app(spec) == is_own:
            yield f"| {spec.title} | [{spec.licence}]({spec.licence_url}) |\n"


if __name__ == "__main__":
    LICENCES.write_text(licences_page((ROOT / "requirements.txt").read_text(encoding="utf-8")), encoding="utf-8")
