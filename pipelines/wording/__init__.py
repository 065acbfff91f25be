"""English grammar and the phrases that captions and answers share."""
