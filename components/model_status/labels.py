"""Words of the Models tab."""

from __future__ import annotations

from models.specs.model_spec import Task

UNLOAD = "Unload idle models"
RESIDENT_COLUMNS = ("Model", "Weights", "Where", "State")
CATALOGUE_COLUMNS = ("Model", "Task", "Size", "Licence", "Where")
IN_MEMORY = "In memory"
CATALOGUE = "Catalogue"
NO_MODEL = "No model is loaded. The first job loads what it needs."
SEARCH = "Search models"
ALL_TASKS = "All tasks"
FILTER_BY_TASK = "Filter by task"
WITHIN_REACH = "Within reach"
TASK_NAMES: dict[Task, str] = {
    "transcribe": "Transcription",
    "tag_sounds": "Sound tags",
    "tag_music": "Music tags",
    "zero_shot_tags": "Zero-shot tags",
    "match_words": "Words of like meaning",
    "track_beats": "Beats",
    "transcribe_notes": "Notes",
    "name_chords": "Key and chords",
    "describe_music": "Captions",
    "answer_questions": "Questions",
    "write_text": "Text",
    "draw_pictures": "Pictures",
    "draw_quickly": "Pictures in few steps",
    "preview_pictures": "Previews",
    "upscale_pictures": "Upscaling",
    "align_audio": "Audio to prompt embeds",
    "embed_audio": "Embeddings",
    "embed_speakers": "Speakers",
}
"""What people call the tasks, in the order of the choice."""
