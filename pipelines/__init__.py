"""Plain Python pipelines, usable from a notebook. Nothing in here knows Gradio."""
