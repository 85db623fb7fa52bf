"""What is kept of samples, and for how long: partitions, the roll-up to minutes, retention."""
