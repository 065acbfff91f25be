"""Scripts as the page gets them: joined from modules, complete, and small."""

import re
from collections import Counter
from pathlib import Path

import pytest

from components.page.page_script import COMPONENTS, EXPORT, IMPORT, modules_of, page_script

ENTRY = re.compile(r"page_script\(['\"]([\w/]+)['\"]\)")
DECLARATION = r"(?:async )?(?:function|class|const|let) (\w+)"
DECLARED = re.compile(rf"^(?:export )?{DECLARATION}", re.MULTILINE)
EXPORTED = re.compile(rf"^export {DECLARATION}", re.MULTILINE)
IMPORTED = re.compile(r"^import \{(?P<names>[^}]*)\} from '(?P<path>[^']+)';$", re.MULTILINE)
ROOMS_OF_THE_PLAYER = ("clip/", "page/", "timeline/")
MAX_PLAYER_BYTES = 91_000
MAX_OTHER_BYTES = 38_000

SOURCES = (COMPONENTS.parent / "app.py", *COMPONENTS.rglob("*.py"))
ENTRIES = tuple(sorted({name for source in SOURCES for name in ENTRY.findall(source.read_text(encoding="utf-8"))}))
MODULES = tuple(sorted(COMPONENTS.rglob("*.js")))


def size(entry: str) -> int:
    return len(page_script(entry).encode())


def module_name(path: Path) -> str:
    return path.relative_to(COMPONENTS).as_posix()


def names_in(imported: re.Match[str]) -> set[str]:
    return {name.strip() for name in imported["names"].split(",") if name.strip()}


def test_the_scripts_of_the_clip_and_its_timeline_are_small():
    assert sum(size(entry) for entry in ENTRIES if entry.startswith(ROOMS_OF_THE_PLAYER)) < MAX_PLAYER_BYTES


@pytest.mark.parametrize("entry", [entry for entry in ENTRIES if not entry.startswith(ROOMS_OF_THE_PLAYER)])
def test_the_script_of_a_tab_is_small(entry):
    assert size(entry) < MAX_OTHER_BYTES


@pytest.mark.parametrize("entry", ENTRIES)
def test_modules_of_a_script_share_one_scope_without_a_name_declared_twice(entry):
    declared = Counter(name for path in modules_of(entry) for name in DECLARED.findall(path.read_text(encoding="utf-8")))
    assert not [name for name, count in declared.items() if count > 1]


@pytest.mark.parametrize("entry", ENTRIES)
def test_a_script_holds_no_import_and_no_export(entry):
    script = page_script(entry)
    assert not IMPORT.search(script)
    assert not EXPORT.search(script)


@pytest.mark.parametrize("path", MODULES, ids=module_name)
def test_what_a_module_imports_is_exported_there(path):
    for found in IMPORTED.finditer(path.read_text(encoding="utf-8")):
        exported = set(EXPORTED.findall((path.parent / found["path"]).read_text(encoding="utf-8")))
        assert names_in(found) <= exported


@pytest.mark.parametrize("path", MODULES, ids=module_name)
def test_what_a_module_exports_is_imported_somewhere(path):
    exported = set(EXPORTED.findall(path.read_text(encoding="utf-8")))
    imported = {
        name
        for module in MODULES
        for found in IMPORTED.finditer(module.read_text(encoding="utf-8"))
        if (module.parent / found["path"]).resolve() == path
        for name in names_in(found)
    }
    assert exported <= imported
