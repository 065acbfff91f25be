"""Decoder hidden states, logit lens and word formation."""
