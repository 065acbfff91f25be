"""The Gradio side: tabs, the shared clip, the status panel and how errors are told."""
