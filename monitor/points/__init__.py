"""One point among the others: where it stands in the unit tree, what happened to it, and how its line compares."""
