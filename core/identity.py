"""Who is asking: principals, passwords, and signed tokens.

Four kinds of token, never accepted for one another: a *sign-in* (who a person is, in the pages' cookie), a
*join link* (the right to one place in one conference), an *answer link* (the right to answer one point's invitation)
and a *feed link* (the right to read one calendar). A *ticket* is shorter, so that its code stays readable on a phone:
numbers and a seal (docs/attendance.md).
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import os
import secrets
import struct
from datetime import datetime
from enum import StrEnum
from pathlib import Path
from typing import Any, Literal

import jwt
from argon2 import PasswordHasher
from argon2.exceptions import Argon2Error, InvalidHashError
from pydantic import ValidationError

from core.errors import NotSignedIn, Refused
from core.model import CodeText, ConferenceId, Model, Participant, Role

_ALGORITHM = "HS256"
_TICKET = struct.Struct(">IH")
_SEAL_BYTES = 12
_hasher = PasswordHasher(time_cost=2, memory_cost=19_456, parallelism=1)


class Principal(Model):
    """A signed-in person."""

    username: str
    name: str
    roles: frozenset[Role]

    def require(self, *roles: Role) -> None:
        """Raises `Refused` unless the person holds one of `roles`."""
        if not self.roles.intersection(roles):
            raise Refused("role.missing", "Your account is not allowed to do this.", needs=sorted(roles))


class JoinRight(Model):
    """The right that a join link carries: to be `participant` in `conference`."""

    conference: ConferenceId
    participant: Participant


class AnswerRight(Model):
    """The right that an answer link carries: to answer the invitation of `point` to `conference`."""

    conference: ConferenceId
    point: CodeText


class FeedRight(Model):
    """The right that a calendar feed's address carries: to read when a point, or a unit's points, have conferences."""

    of: Literal["point", "unit"]
    code: CodeText


def hash_password(password: str) -> str:
    """Argon2id with the parameters of OWASP's password storage guidance (19 MiB, 2 passes)."""
    return _hasher.hash(password)


def password_matches(hashed: str, password: str) -> bool:
    """Whether `password` is the one behind `hashed`; a damaged hash matches nothing. Takes tens of milliseconds."""
    try:
        return _hasher.verify(hashed, password)
    except (Argon2Error, InvalidHashError):
        return False


class _Audience(StrEnum):
    SIGN_IN = "sign-in"
    JOIN = "join"
    ANSWER = "answer"
    FEED = "feed"


class Signer:
    """Issues and checks tokens with one secret."""

    def __init__(self, secret: str) -> None:
        if len(secret) < 32:
            raise ValueError("the signing secret must have at least 32 characters")
        self._secret = secret

    def sign_in_token(self, principal: Principal, expires: datetime) -> str:
        """A token for the sign-in cookie."""
        return self._encode(_Audience.SIGN_IN, principal, expires)

    def principal(self, token: str, now: datetime) -> Principal:
        """The person behind a sign-in token; raises `NotSignedIn`."""
        try:
            return Principal.model_validate(self._decode(_Audience.SIGN_IN, token, now))
        except (jwt.InvalidTokenError, ValidationError, _Expired) as exc:
            raise NotSignedIn("sign_in.needed", "Your sign-in has ended. Sign in again.") from exc

    def join_token(self, right: JoinRight, expires: datetime) -> str:
        """A token for a join link."""
        return self._encode(_Audience.JOIN, right, expires)

    def join_right(self, token: str, now: datetime) -> JoinRight:
        """What a join link allows; raises `Refused` with `join.expired` or `join.invalid`, saying nothing else."""
        try:
            return JoinRight.model_validate(self._decode(_Audience.JOIN, token, now))
        except _Expired as exc:
            raise Refused("join.expired", "This link has expired. Ask the organizer for a new one.") from exc
        except (jwt.InvalidTokenError, ValidationError) as exc:
            raise Refused("join.invalid", "This link is not valid. Open it exactly as it was sent to you.") from exc

    def answer_token(self, right: AnswerRight, expires: datetime) -> str:
        """A token for an answer link."""
        return self._encode(_Audience.ANSWER, right, expires)

    def answer_right(self, token: str, now: datetime) -> AnswerRight:
        """What an answer link allows; raises `Refused` `answer.expired` or `answer.invalid`, saying nothing else."""
        try:
            return AnswerRight.model_validate(self._decode(_Audience.ANSWER, token, now))
        except _Expired as exc:
            raise Refused("answer.expired", "This link has expired: the conference is over.") from exc
        except (jwt.InvalidTokenError, ValidationError) as exc:
            raise Refused("answer.invalid", "This link is not valid. Open it exactly as it was sent to you.") from exc

    def feed_token(self, right: FeedRight, expires: datetime) -> str:
        """A token for a calendar feed's address."""
        return self._encode(_Audience.FEED, right, expires)

    def feed_right(self, token: str, now: datetime) -> FeedRight:
        """What a feed's address allows; raises `Refused` with `feed.invalid`."""
        try:
            return FeedRight.model_validate(self._decode(_Audience.FEED, token, now))
        except (_Expired, jwt.InvalidTokenError, ValidationError) as exc:
            raise Refused("feed.invalid", "This calendar address is not valid (any more). Ask for a new one.") from exc

    def ticket_token(self, number: int, serial: int) -> str:
        """24 characters that stand for two numbers and hold nothing else; whether they are still good is not told."""
        body = _TICKET.pack(number, serial)
        return base64.urlsafe_b64encode(body + self._seal(body)).decode("ascii")

    def ticket(self, token: str) -> tuple[int, int]:
        """The numbers behind a ticket; raises `Refused` `ticket.invalid`."""
        try:
            data = base64.b64decode(token.encode("ascii"), altchars=b"-_", validate=True)
        except (binascii.Error, UnicodeEncodeError):
            data = b""
        body, seal = data[: _TICKET.size], data[_TICKET.size :]
        if not hmac.compare_digest(seal, self._seal(body)):
            raise Refused("ticket.invalid", "This link is not valid (any more). Ask for a new one.")
        number, serial = _TICKET.unpack(body)
        return number, serial

    def _seal(self, body: bytes) -> bytes:
        """96 bits of HMAC-SHA-256 (RFC 2104, 5: no less than 80), which no other token can be taken for."""
        return hmac.digest(self._secret.encode(), b"diemcau ticket\0" + body, hashlib.sha256)[:_SEAL_BYTES]

    def _encode(self, audience: _Audience, body: Model, expires: datetime) -> str:
        claims = {"aud": audience.value, "exp": int(expires.timestamp()), "v": body.model_dump(mode="json")}
        return jwt.encode(claims, self._secret, algorithm=_ALGORITHM)

    def _decode(self, audience: _Audience, token: str, now: datetime) -> Any:
        claims = jwt.decode(
            token,
            self._secret,
            algorithms=[_ALGORITHM],
            audience=audience.value,
            options={"require": ["exp", "aud"], "verify_exp": False},
        )
        if now.timestamp() >= claims["exp"]:
            raise _Expired
        return claims.get("v")


class _Expired(Exception):
    """The token was good once."""


def load_secret(data_dir: Path, configured: str | None) -> str:
    """The configured secret, or one that is made once and kept in `data_dir/secret.key` (mode 0600)."""
    if configured:
        return configured
    path = data_dir / "secret.key"
    if not path.exists():
        data_dir.mkdir(parents=True, exist_ok=True)
        with open(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="ascii") as file:
            file.write(secrets.token_urlsafe(48))
    return path.read_text(encoding="ascii").strip()
