"""A cache with the models of the full-size path, and pictures of one clip."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from models.specs.model_spec import FetchedModel
from models.specs.speech import WHISPER_SIZES
from models.stopping import never_stop
from pipelines.clip.clip import AudioClip
from pipelines.pictures.audio_to_image import audio_to_image
from pipelines.pictures.options import Drawing, PictureOptions
from pipelines.tagging.audioset import class_tree
from tests.models.fakes import make_spec
from tests.models.tiny_image_models import (
    save_lcm,
    save_preview_decoder,
    save_stable_diffusion_2_1,
    save_turbo,
    save_w2v_bert_aligner,
)
from tests.models.tiny_models import save_audioset_transformer
from tests.pipelines.language_models.language_bench import Bench


class PictureBench(Bench):
    """The same with pictures of one clip."""

    def __init__(self, folder: Path, clip: AudioClip) -> None:
        super().__init__(
            save_stable_diffusion_2_1(folder / "sd"),
            save_turbo(folder / "turbo"),
            save_lcm(folder / "lcm"),
            save_preview_decoder(folder / "preview"),
            save_w2v_bert_aligner(folder / "aligner"),
            save_audioset_transformer(folder / "tags", class_tree().names),
            FetchedModel(
                make_spec("whisper", task="transcribe", whisper=WHISPER_SIZES["tiny"]), folder, "c0ffee"
            ),  # its transcripts count, if there are any
        )
        self.clip = clip

    def snapshots(self, options: PictureOptions, should_stop: Any = never_stop) -> Iterator[Drawing]:
        return audio_to_image(self.clip, options, self.runtime, should_stop)

    def draw(self, options: PictureOptions) -> Drawing:
        *_, last = self.snapshots(options)
        assert last.state == "done"
        assert self.is_free()
        return last

    def loaded(self) -> set[str]:
        return {resident.title for resident in self.cache.status().residents}
