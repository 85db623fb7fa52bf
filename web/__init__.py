"""The face: the HTTP API, the live feed, and the pages."""
