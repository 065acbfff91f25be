"""Plain Python pipelines, usable from a notebook. Nothing in here knows Gradio."""

APP_NAME = "Audioscope"
"""What exported files name as the program that made them."""
APP_VERSION = "0.1.0"
"""Its version."""
