"""The endpoints `draw_storyboard` and `make_film`, for scripts and as MCP tools."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Annotated, Any

import gradio as gr

from components.clip.clip_input import open_for_api
from components.page.calls.progress import watched
from components.page.downloads import as_file_data, new_files_folder
from components.page.endpoints import add_endpoint
from components.page.option_arguments import with_option_arguments
from components.pictures.api import DrawingArguments
from components.pictures.files import keep_pictures
from models.errors import JobStopped
from pipelines.clip.clip import AudioClip
from pipelines.film.film import MAX_INTERPOLATION_STEPS, FilmOptions
from pipelines.film.film import make_film as film_of
from pipelines.film.storyboard import storyboard
from pipelines.film.storyboard_types import Storyboard
from services import Services

Endpoint = Callable[..., Any]
Pictures = list[dict[str, Any]]


@dataclass(frozen=True)
class FilmArguments(DrawingArguments):
    """The arguments of `/make_film` beside the recording."""

    interpolation_steps: Annotated[
        int, f"pictures drawn between two neighbours, 0 to {MAX_INTERPOLATION_STEPS}; -1 for as many as are quickly drawn."
    ] = -1


def add_storyboard_endpoints(services: Services) -> None:
    """Add both to the page's API, each under the name of its function."""
    for build in (_draw_storyboard, _make_film):
        add_endpoint(build(services), services.stop_flags, services.lines.calls.models)


def _draw_storyboard(services: Services) -> Endpoint:
    @with_option_arguments(DrawingArguments)
    def draw_storyboard(
        audio: gr.FileData, arguments: DrawingArguments, *, should_stop: Callable[[], bool]
    ) -> Iterator[tuple[list[gr.FileData], dict[str, Any]]]:
        """Draw a picture for each scene of a recording.

        Args:
            audio: the recording, in any format that carries sound.

        Returns:
            A growing result, sent at every new picture: the PNG files, in order, with their settings inside; and scenes [{start,
            end, label}]; entries [{start, end, label, concepts, prompt, seconds, picture}], one for each file; seed of all;
            joined, the number of scenes that look like the one before; position, 0 to 1; model, licence, duration and elapsed in
            seconds; state ('analysing', 'drawing', 'done', 'stopped'); clip_notes.
        """
        clip = open_for_api(services, audio, should_stop)
        for board, files in _boards(services, clip, arguments, should_stop):
            yield files, _board_document(board, clip)

    return draw_storyboard


def _make_film(services: Services) -> Endpoint:
    @with_option_arguments(FilmArguments)
    def make_film(
        audio: gr.FileData, arguments: FilmArguments, *, should_stop: Callable[[], bool]
    ) -> Iterator[tuple[gr.FileData | None, gr.FileData | None, dict[str, Any]]]:
        """Draw a storyboard of a recording and make a film of it, in time with the sound.

        Args:
            audio: the recording, in any format that carries sound.

        Returns:
            A growing result: the film as MP4 with the sound, and as GIF, both null until it is complete; and storyboard, as
            `draw_storyboard` gives it; pictures and pictures_done, those between the scenes; frames and frames_done; position, 0
            to 1, of the film; seconds_left, estimated; state; clip_notes.
        """
        clip = open_for_api(services, audio, should_stop)
        services.runtime.outputs.check_film(clip.duration)
        for board, _ in _boards(services, clip, arguments, should_stop):
            yield None, None, {"storyboard": _board_document(board, clip), "state": "storyboard", "clip_notes": clip.notes}
        steps = FilmOptions(None if arguments.interpolation_steps < 0 else arguments.interpolation_steps)
        shared = {"storyboard": _board_document(board, clip), "clip_notes": clip.notes}
        for now in watched(film_of(clip, board, steps, new_files_folder(clip), services.runtime, should_stop)):
            if now.state != "done":
                yield None, None, {**now.to_dict(), **shared}
        if now.video is None or now.gif is None:
            raise JobStopped
        yield as_file_data(now.video), as_file_data(now.gif), {**now.to_dict(), **shared}

    return make_film


def _boards(
    services: Services, clip: AudioClip, arguments: DrawingArguments, should_stop: Callable[[], bool]
) -> Iterator[tuple[Storyboard, Pictures]]:
    """Yield the storyboard and its files at every new picture, and at the end.

    Raises:
        JobStopped: it was stopped before it was complete.
    """
    files: Pictures = []
    for board in watched(storyboard(clip, arguments.options(services.file_readers), services.runtime, should_stop)):
        new = board.entries[len(files) :]
        files += [as_file_data(kept.path) for kept in keep_pictures(clip, tuple(entry.picture for entry in new))]
        if new or board.state == "done":
            yield board, list(files)
    if board.state != "done":
        raise JobStopped


def _board_document(board: Storyboard, clip: AudioClip) -> dict[str, Any]:
    document = board.to_dict()
    del document["drawing"]
    return {**document, "clip_notes": clip.notes}
