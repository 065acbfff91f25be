"""Recordings that lie behind a link: which addresses are asked, within which limits, and what is refused."""
