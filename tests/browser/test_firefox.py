"""The core path in Firefox, driven over WebDriver BiDi by Puppeteer, since Playwright needs a Firefox of its own."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.app_process import ROOT, RunningApp
from tests.recordings import librivox_sentences

pytestmark = [pytest.mark.browser, pytest.mark.models]
SCRIPT = Path(__file__).parent / "firefox" / "core_path.js"
MISSING = [
    name
    for name, found in {
        "firefox-esr": Path("/usr/bin/firefox-esr").exists(),
        "node": shutil.which("node"),
        "puppeteer-core (npm ci)": (ROOT / "node_modules" / "puppeteer-core").exists(),
    }.items()
    if not found
]


@pytest.mark.skipif(bool(MISSING) and "CI" not in os.environ, reason=f"missing: {', '.join(MISSING)}")
def test_upload_every_tab_stop_and_export(app: RunningApp, tmp_path: Path, long_clip: Path) -> None:
    assert not MISSING
    short_clip = librivox_sentences()[0].path
    downloads = tmp_path / "downloads"
    downloads.mkdir()
    command = ["node", str(SCRIPT), app.address, str(long_clip), str(short_clip), str(downloads)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=600, check=False)
    assert done.returncode == 0, done.stderr[-3000:]
