"""Which media node serves each bridge point, and the tree of trunks between the nodes: decided before the day."""
