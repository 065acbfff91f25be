"""Export of the embedding and its map as files."""

from __future__ import annotations

import base64
import html
import json
from dataclasses import asdict
from string import Template
from typing import Any

import gradio as gr

from components.embeddings import labels
from components.embeddings.map import TEMPLATE, map_script, map_value, with_neighbours
from components.embeddings.shown_embedding import ShownEmbedding, map_view, without_others
from components.embeddings.views_panel import LazyView
from components.page.downloads import new_files_folder
from components.page.page_script import page_script
from components.page.theme import style_markup
from pipelines.bundle.report import source_hash
from pipelines.clip.clip import AudioClip
from pipelines.clip.clip_names import safe_stem
from pipelines.clip.files.compressed_sound import MEDIA_TYPE, compressed_bytes, compressed_sound
from pipelines.embeddings.colouring import Colouring, colourings
from pipelines.embeddings.export import (
    export_metadata,
    save_map,
    save_npz,
    save_parquet,
    save_projector_files,
)
from pipelines.embeddings.map_image import map_image, save_map_image

ABOUT = f'<p class="summary">{labels.ABOUT_FORMATS}</p>'
MAX_SOUND_BYTES = 16_000_000
"""Maximum size of the sound in a page; Firefox opens data URLs of up to 32 MB."""
PAGE = Template("""<!DOCTYPE html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy"
  content="default-src 'none'; script-src 'sha256-$script_hash'; style-src 'unsafe-inline'; media-src data:;
    base-uri 'none'; form-action 'none'">
<title>$title</title>$style
<style>body { margin: 16px; background: var(--as-card); font: 15px/1.5 system-ui, sans-serif; }
body > p, h1 { color: var(--as-ink); font-size: 17px; font-weight: 600; } audio { width: 100%; margin-bottom: 12px; }
body .em-stage { height: clamp(320px, calc(100vh - 300px), 100vw); }</style></head>
<body><h1>$title</h1>$sound$map
<script>$script</script></body></html>
""")
SCRIPT = Template("""\
document.body.classList.toggle('dark', matchMedia('(prefers-color-scheme: dark)').matches);
((element, trigger, props, watch) => {$map_script})(document, () => {}, {value: $value}, () => {});
$player""")


def build_files_panel() -> LazyView:
    """Build the inner tab; its files are written when it is opened."""
    with gr.Tab(labels.EXPORT) as tab:
        gr.HTML(ABOUT, apply_default_css=False)
        with gr.Row(elem_classes="actions downloads"):
            buttons = [gr.DownloadButton(name, interactive=False, min_width=0, size="sm") for name in labels.FORMATS]
    return LazyView(tab, list(buttons), _downloads)


def _downloads(shown: ShownEmbedding | None) -> list[Any]:
    if shown is None:
        return [gr.DownloadButton(value=None, interactive=False) for _ in labels.FORMATS]
    return [gr.DownloadButton(value=path, interactive=True) for path in embedding_files(shown)]


def embedding_files(shown: ShownEmbedding) -> list[str]:
    """Write a file for each of `labels.FORMATS` to the clip's folder, with which they are deleted, and return their paths."""
    clip, first = shown.clip, shown.embedding
    folder = new_files_folder(clip)
    stem, name = safe_stem(clip.name), clip.name
    endings = (".npz", ".parquet", " projector.zip", ".png", ".json", ".html")
    npz, parquet, projector, picture, document, page = paths = [folder / f"{stem}{ending}" for ending in endings]
    own = _own_colourings(shown)
    clips = [(one.name, embedding) for one, embedding in zip(shown.clips, shown.embeddings, strict=True)]
    save_npz(npz, first, name, shown.map if len(clips) == 1 else None)
    save_parquet(parquet, first, name, own)
    save_projector_files(projector, first, name, own)
    clip_index = shown.stacked().clip_index if len(clips) > 1 else None
    metadata = {**export_metadata(first, name), "map": asdict(shown.map.options)}
    save_map_image(picture, map_image(shown.map, shown.colouring, f"{name}: {shown.title}", clip_index=clip_index), metadata)
    save_map(document, shown.map, clips, own if len(clips) == 1 else ())
    page.write_text(map_page(without_others(shown)), encoding="utf-8")
    return [str(path) for path in paths]


def map_page(shown: ShownEmbedding) -> str:
    """Return an HTML document with the map of one clip, which plays its sound; it loads nothing from elsewhere."""
    clip = shown.clip
    has_sound = compressed_bytes(clip.duration) <= MAX_SOUND_BYTES
    drawn = with_neighbours(map_value(map_view(shown)), shown.embedding.frames)
    value = json.dumps(drawn).replace("<", r"\u003c")  # a text may hold </script>
    script = SCRIPT.substitute(
        map_script=map_script(),
        value=value,
        player=f"(() => {{{page_script('embeddings/map_player')}}})();" if has_sound else "",
    )
    return PAGE.substitute(
        title=html.escape(f"{clip.name}: {shown.title}"),
        style=style_markup(("timeline/colours", "embeddings/map")),
        sound=_sound_markup(clip) if has_sound else f"<p>{labels.NO_SOUND}</p>",
        map=TEMPLATE,
        script=script,
        script_hash=source_hash(script),
    )


def _sound_markup(clip: AudioClip) -> str:
    data = base64.b64encode(clip.isolation.run(compressed_sound, clip.player_file)).decode("ascii")
    return f'<audio controls src="data:{MEDIA_TYPE};base64,{data}"></audio>'


def _own_colourings(shown: ShownEmbedding) -> tuple[Colouring, ...]:
    """Return the colourings of the clip on the player."""
    analyses = shown.analyses[0]
    return colourings(shown.clip, shown.embedding.times, analyses.tags, analyses.facts, analyses.words)
