"""Sections of a piece of music: where they begin, and which of them sound alike.

The truth of the figures follows from arrangements (`benchmarks.accuracy.arrangements`): no person has marked these pieces. The
weights were fitted on 92 tuning pieces. On 71 pieces of sources kept apart, up to 120 s each, with the beats that the app found:

    pieces                       F within 0.5 s   within 3 s   pairs of labels
    47 real                           0.459          0.598          0.716
    16 composed, rendered             0.373          0.457          0.827
    8 of freedink-data, rendered      0.031          0.125          0.665
    all 71                            0.392          0.513          0.736

Bars compared by Foote's novelty alone, as before, had 0.277, 0.454 and 0.698 on all; on the composed pieces their labels were
better, 0.883. The pieces kept apart were scored twice: without joining repeats (`segmentation.MIN_REPEAT_PROBABILITY`) all had
0.414 and 0.539, the real ones 0.455 and 0.592, the composed ones 0.490 and 0.546. Joining stays: it was chosen on the tuning
pieces, for loops. Boundaries are right more often than their confidences say: docs/accuracy.md has both.
Sections are not named verse or chorus, since no data with such names is at hand to measure it.
"""
