"""Sections of a piece of music: where they begin, and which of them sound alike.

The truth of the figures follows from arrangements (`benchmarks.accuracy.arrangements`): no person has marked these pieces. On the
tuning sources, each with weights that were fitted on the others, F-measures of 57 real pieces were, within 0.5 and 3 s:

    features relative to the clip, one threshold for all clips, as before       0.455  0.523
    the same, the number of boundaries by the expected F-measure                0.477  0.556
    changes of level, sounds and rhythm, sets of notes, repetition besides      0.493  0.617

These figures are from before the beats went through whole clips and before faint changes of level were ruled out.
Gradient boosting, a second regression on the log-odds of the first, and every second beat of fast music as the grid did not help.
`python -m training.music.train_sections` prints the figures by source; docs/accuracy.md has those of the music kept apart.
Sections are not named verse or chorus, since no data with such names is at hand to measure it.
"""
