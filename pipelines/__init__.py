"""Plain Python pipelines, usable from a notebook. Nothing in here knows Gradio."""

APP_NAME = "Audioscope"
"""What exported files name as the program that made them."""
