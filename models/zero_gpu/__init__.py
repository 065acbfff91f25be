"""ZeroGPU of Hugging Face Spaces: models placed at start, calls of limited length, and what a refusal means."""
