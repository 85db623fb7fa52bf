"""The focus and its parts: pure state, no I/O (RFC 4575's single authority over a live conference)."""
