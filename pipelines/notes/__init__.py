"""Notes: transcription, quantisation, sound, and files with bars for other programs."""
