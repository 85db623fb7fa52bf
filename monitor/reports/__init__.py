"""Reports: one pure model of a conference's figures, and files in three formats made from it."""
