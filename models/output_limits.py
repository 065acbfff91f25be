"""How much one job may give. Each number is a setting; what can be counted before the work is refused before it."""

from __future__ import annotations

from dataclasses import dataclass

from models.errors import AudioscopeError


class TooMuchOutput(AudioscopeError):
    """More is asked for than a job may give."""


@dataclass(frozen=True)
class OutputLimits:
    """Bounds of what comes out; 0 is no bound."""

    words: int = 0
    """Words of a transcript."""
    pictures: int = 0
    """Pictures of one request, and scenes of a storyboard."""
    film_seconds: float = 0.0
    map_points: int = 0
    """Points of a map that are shown; of more frames every second, third … one is."""
    map_clips: int = 0
    """Clips on one map."""
    library_clips: int = 0
    """Clips in one library."""

    def check_pictures(self, count: int) -> None:
        """Raise TooMuchOutput where more pictures are asked for at once."""
        if 0 < self.pictures < count:
            raise TooMuchOutput(f"At most {self.pictures} pictures can be drawn at once, not {count}: ask for fewer.")

    def check_film(self, seconds: float) -> None:
        """Raise TooMuchOutput where the film would be longer."""
        if 0 < self.film_seconds < seconds:
            raise TooMuchOutput(
                f"A film can last {self.film_seconds:.0f} s at most, and this clip lasts {seconds:.0f} s: crop it first."
            )

    def check_map_clips(self, count: int) -> None:
        """Raise TooMuchOutput where a map would have more clips."""
        if 0 < self.map_clips < count:
            raise TooMuchOutput(f"A map can have {self.map_clips} clips at most, not {count}: choose fewer.")

    def check_library(self, clips: int) -> None:
        """Raise TooMuchOutput where a library that has `clips` has no room for one more."""
        if 0 < self.library_clips <= clips:
            raise TooMuchOutput(
                f"The library has {clips:,} clips, and can have {self.library_clips:,} at most: delete some before you add more."
            )

    def end_of_words(self, words: int) -> str:
        """Return why a transcript with so many words ends here; '' while it may go on."""
        if not 0 < self.words < words:
            return ""
        return (
            f"The transcript ends here, since it has more than {self.words:,} words: crop the clip to what follows for the rest."
        )


NO_LIMITS = OutputLimits()
"""Bounds of nothing."""
