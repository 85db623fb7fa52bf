"""One family of errors. Each has a stable code, an HTTP status and a sentence for a person (RFC 9457).

The code is what pages translate; `data` holds what a page needs to say more (names, times), never secrets.
"""

from __future__ import annotations

from typing import Any


class DiemcauError(Exception):
    """Base of every error that may reach a user.

    `code` is dotted and stable ("booking.clash"), `detail` an English sentence that says what to do.
    """

    status = 500
    title = "Something went wrong"

    def __init__(self, code: str, detail: str, **data: Any) -> None:
        super().__init__(f"{code}: {detail}")
        self.code = code
        self.detail = detail
        self.data = data

    def problem(self) -> dict[str, Any]:
        """The RFC 9457 problem document of this error."""
        return {
            "type": f"urn:diemcau:error:{self.code}",
            "title": self.title,
            "status": self.status,
            "code": self.code,
            "detail": self.detail,
            "data": self.data,
        }


class BadInput(DiemcauError):
    """What was sent cannot be used as it is."""

    status = 400
    title = "The request cannot be used as it is"


class NotSignedIn(DiemcauError):
    """No valid proof of who is asking."""

    status = 401
    title = "Sign in first"


class Refused(DiemcauError):
    """Known who is asking, but not allowed."""

    status = 403
    title = "Not allowed"


class NotFound(DiemcauError):
    """Nothing of that name that the asker may see."""

    status = 404
    title = "Not found"


class Conflict(DiemcauError):
    """It collides with what is already there."""

    status = 409
    title = "It collides with something already there"


class TooLarge(DiemcauError):
    """More than the stated limit."""

    status = 413
    title = "Too large"


class TooMany(DiemcauError):
    """Faster than the stated rate."""

    status = 429
    title = "Too many requests"


class Unavailable(DiemcauError):
    """Cannot be served right now; trying again later can help."""

    status = 503
    title = "Not available right now"
