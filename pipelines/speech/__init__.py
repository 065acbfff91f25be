"""Speech to text: voice activity, languages, decoding, hallucination filter, dictation, batches."""
