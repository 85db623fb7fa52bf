"""During: the focus of each live conference, and the media node that carries it."""
