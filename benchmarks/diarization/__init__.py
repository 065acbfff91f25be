"""How well speakers are told apart, on conversations whose truth is known."""
