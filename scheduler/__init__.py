"""Before the conference: the directory of units and points, booking without a clash, join links, and the clockwork."""
