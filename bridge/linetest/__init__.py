"""The line test at the node: an endpoint alone on a leg, which the node loads more and more."""
