"""Sound to image: prompt embeds, concept decomposition, sampling, PNG metadata."""
