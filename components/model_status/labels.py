"""Words of the Models tab."""

from __future__ import annotations

from models.specs.model_spec import Task

UNLOAD = "Unload idle models"
KEEPERS_ONLY = "Only keepers can download and unload models."
RESIDENT_COLUMNS = ("Model", "Weights", "Where", "State")
CATALOGUE_COLUMNS = ("Model", "Task", "Size", "Licence", "Where")
IN_MEMORY = "In memory"
MEMORY = "Main memory by owner"
MEMORY_COLUMNS = ("Owner", "Size")
MEMORY_OWNERS = {
    "models": ("Models", "their weights, as measured at the load"),
    "features": ("Features of clips", "computed once and shared by the tabs"),
    "freed": ("Freed", "kept for the next job, at most; the system gets it back every minute"),
    "code": ("Programs", "code and files that the system can drop and read again"),
    "libraries": ("Libraries and jobs", "Python, what it imported, and what is at work"),
    "readers": ("File readers", "processes of their own"),
}
"""(name, explanation) of the fields of `MemoryReport`."""
TOTAL = "Together"
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
