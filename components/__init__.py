"""The Gradio interface: tabs, the shared clip, the status panel and error messages."""

import gc

import gradio  # noqa: F401

# What its import made stays for good; that the collector looks through it again and again costs a tenth of the start.
gc.freeze()
