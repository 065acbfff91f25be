"""The training of the aligners: our own small one, and Wav2Vec2-BERT in full."""
