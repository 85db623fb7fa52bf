"""A whole conference as one file that other tools can read (docs/archive.md)."""
