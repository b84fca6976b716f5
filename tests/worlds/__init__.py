"""Companies built by hand, row by row, for outcomes that the sample company does not show."""
