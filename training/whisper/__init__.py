"""Fine-tuning of Whisper on a person's own recordings with texts; the result is a choice in the transcription tab."""
