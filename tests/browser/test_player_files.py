"""What Chromium plays of a clip is what its timeline shows: the same length, and at each time the sound of that time."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from functools import partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import av
import numpy as np
import pytest
from playwright.sync_api import Page

from models.arrays import FloatArray
from pipelines.clip.clip import AudioClip
from pipelines.clip.clip_store import ClipStore
from tests.browser.conftest import NewPage
from tests.pipelines.clip.sound_files import encode, remuxed

pytestmark = pytest.mark.browser

RATE = 48_000
SECONDS = 24.0
LOWEST_HZ, HERTZ_PER_SECOND = 400.0, 150.0
"""A rising tone, by which a moment is known; LAME cuts off what is above 4 kHz where the bit rate is low."""
KINDS = {
    "wav": ("wav", "pcm_s16le"),
    "flac": ("flac", "flac"),
    "mp3": ("mp3", "libmp3lame"),
    "m4a": ("ipod", "aac"),
    "aac": ("adts", "aac"),
    "ogg": ("ogg", "libopus"),
    "webm": ("webm", "libopus"),
}
PLAY = """async ([url, times]) => {
  const audio = document.createElement('audio');
  const event = name => new Promise((done, fail) => {
    audio.addEventListener(name, done, {once: true});
    audio.addEventListener('error', () => fail(audio.error.message), {once: true});
  });
  const loaded = event('loadedmetadata');
  audio.src = url;
  await loaded;
  const context = new AudioContext({sampleRate: 48000});
  const analyser = new AnalyserNode(context, {fftSize: 4096, smoothingTimeConstant: 0});
  context.createMediaElementSource(audio).connect(analyser);
  analyser.connect(context.destination);
  await context.resume();
  const bins = new Float32Array(analyser.frequencyBinCount);
  const found = [];
  for (const time of times) {
    const sought = event('seeked');
    audio.currentTime = time;
    await sought;
    await audio.play();
    while (audio.currentTime < time + 0.4) await new Promise(done => setTimeout(done, 5));
    analyser.getFloatFrequencyData(bins);
    found.push([audio.currentTime, bins.indexOf(Math.max(...bins)) * 48000 / 4096]);
    audio.pause();
  }
  await context.close();
  return [audio.duration, found];
}"""


class _Files(BaseHTTPRequestHandler):
    """Files of a folder, in ranges, as Gradio serves them."""

    def __init__(self, folder: Path, *arguments: object) -> None:
        self._folder = folder
        super().__init__(*arguments)  # type: ignore[arg-type]

    def do_GET(self) -> None:
        path = self._folder / self.path.lstrip("/")
        content = path.read_bytes() if path.is_file() else b"<p></p>"
        first, last = 0, len(content) - 1
        if (asked := self.headers.get("Range")) and path.is_file():
            begin, _, end = asked.removeprefix("bytes=").partition("-")
            first, last = int(begin), int(end) if end else last
            self.send_response(206)
            self.send_header("Content-Range", f"bytes {first}-{last}/{len(content)}")
        else:
            self.send_response(200)
        self.send_header("Accept-Ranges", "bytes")
        self.send_header("Content-Length", str(last - first + 1))
        self.send_header("Content-Type", "application/octet-stream" if path.is_file() else "text/html")
        self.end_headers()
        self.wfile.write(content[first : last + 1])

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@pytest.fixture
def player_page(new_page: NewPage, store: ClipStore) -> Iterator[Page]:
    """A page that can load the files of the store."""
    store.directory.mkdir(parents=True)
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(_Files, store.directory))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    page = new_page()
    page.goto(f"http://127.0.0.1:{server.server_port}/")
    yield page
    server.shutdown()


def rising_tone(seconds: float = SECONDS) -> FloatArray:
    """A tone that says by its frequency how late it is, with noise in its second quarter; float32 [1, samples]."""
    time = np.arange(round(seconds * RATE)) / RATE
    tone = 0.3 * np.sin(2 * np.pi * (LOWEST_HZ * time + HERTZ_PER_SECOND * time**2 / 2))
    noise = np.random.default_rng(0).normal(0, 0.02, len(time)) * (np.abs(time - seconds * 3 / 8) < seconds / 8)
    samples: FloatArray = (tone + noise).astype(np.float32)[None]
    return samples


def variable_mp3(path: Path, samples: FloatArray, has_header: bool) -> Path:
    """MP3 with a variable bit rate, with or without a header that says so."""
    options = {} if has_header else {"write_xing": "0", "id3v2_version": "0"}
    with av.open(str(path), "w", format="mp3", options=options) as out:
        stream = out.add_stream("libmp3lame", rate=RATE, layout="mono")
        stream.codec_context.qscale = True
        stream.codec_context.global_quality = 4 * 118  # FF_QP2LAMBDA
        resampler = av.AudioResampler(format=stream.format, layout="mono", rate=RATE)
        for start in range(0, samples.shape[1], 1152):
            frame = av.AudioFrame.from_ndarray(np.ascontiguousarray(samples[:, start : start + 1152]), "flt", "mono")
            frame.sample_rate = RATE
            for part in resampler.resample(frame):
                out.mux(stream.encode(part))
        out.mux(stream.encode(None))
    return path


def check_player(page: Page, clip: AudioClip, begin: float = 0.0) -> None:
    """Compare what is played after three seeks with what should be; the tone begins at `begin` seconds."""
    url = f"/{clip.directory.name}/{clip.player_file.name}"
    times = [begin + SECONDS * part for part in (0.2, 0.75, 0.5)]
    duration, found = page.evaluate(PLAY, [url, times])
    assert duration == pytest.approx(clip.duration, abs=0.1)
    for position, frequency in found:
        played = begin + (frequency - LOWEST_HZ) / HERTZ_PER_SECOND
        assert played == pytest.approx(position, abs=0.25), clip.player_file.name  # the window, and what is buffered
        samples = np.asarray(clip.waveform(RATE))[round(played * RATE) :][:4096]
        spectrum = np.abs(np.fft.rfft(samples * np.hanning(len(samples))))
        shown = begin + (spectrum.argmax() * RATE / len(samples) - LOWEST_HZ) / HERTZ_PER_SECOND
        assert shown == pytest.approx(played, abs=0.1)


@pytest.mark.parametrize("name", KINDS)
def test_every_kind_of_file_plays_as_it_is_shown(name: str, player_page: Page, store: ClipStore, tmp_path: Path) -> None:
    clip = store.open(encode(tmp_path / f"tone.{name}", rising_tone(), *KINDS[name], rate=RATE))
    check_player(player_page, clip)


@pytest.mark.parametrize("has_header", [True, False])
def test_a_variable_bit_rate_plays_as_it_is_shown(has_header: bool, player_page: Page, store: ClipStore, tmp_path: Path) -> None:
    silence = np.zeros((1, 40 * RATE), np.float32)
    path = variable_mp3(tmp_path / "tone.mp3", np.concatenate([silence, rising_tone()], axis=1), has_header)
    check_player(player_page, store.open(path), begin=40.0)


def test_a_late_sound_plays_as_it_is_shown(player_page: Page, store: ClipStore, tmp_path: Path) -> None:
    plain = encode(tmp_path / "tone.m4a", rising_tone(), "ipod", "aac", RATE)
    clip = store.open(remuxed(plain, tmp_path / "late.m4a", "ipod", lambda _: 4.9))
    assert clip.duration > SECONDS + 4.8
    check_player(player_page, clip, begin=clip.duration - SECONDS)


def test_a_chained_file_plays_as_it_is_shown(player_page: Page, store: ClipStore, tmp_path: Path) -> None:
    first = encode(tmp_path / "a.ogg", rising_tone() * np.float32(0.01), "ogg", "libopus", RATE)
    second = encode(tmp_path / "b.ogg", rising_tone(), "ogg", "libopus", RATE)
    path = tmp_path / "chain.ogg"
    path.write_bytes(first.read_bytes() + second.read_bytes())
    check_player(player_page, store.open(path), begin=SECONDS)


def test_a_damaged_file_plays_as_it_is_shown(player_page: Page, store: ClipStore, tmp_path: Path) -> None:
    path = encode(tmp_path / "tone.mp3", rising_tone(), "mp3", "libmp3lame", RATE)
    content = bytearray(path.read_bytes())
    size = len(content)
    content[size // 3 : size // 3 + size // 20] = bytes(size // 20)
    path.write_bytes(bytes(content))
    check_player(player_page, store.open(path))
