"""The people in the halls: what each hall expects and declares, sums up the unit tree, and the quorum."""
