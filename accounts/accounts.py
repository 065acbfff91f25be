"""Accounts with their passwords' and API keys' hashes, read from two settings.

A password is hashed by argon2id, which makes guesses slow. An API key is 256 random bits, which cannot be guessed: SHA-256 is
enough.
"""

from __future__ import annotations

import hashlib
import re
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal, get_args

from models.errors import AudioscopeError

Role = Literal["viewer", "keeper"]
"""A keeper may also download and unload models, and delete from a library."""
AUTH, API_KEYS = "AUDIOSCOPE_AUTH", "AUDIOSCOPE_API_KEYS"
NAME = re.compile(r"[\w.@+-]{1,64}")
KEY_HASH = re.compile(r"[0-9a-f]{64}")
KEY_PREFIX = "audioscope-"
"""Beginning of each API key, by which tools that look for leaked keys can recognise one."""
KEY_BYTES = 32
MAX_PASSWORD_CHARACTERS = 1024


class WrongAccounts(AudioscopeError):
    """A setting with accounts or keys cannot be read; its text is not shown, since it has hashes."""


@dataclass(frozen=True)
class Account:
    """One person, or one program."""

    name: str
    role: Role
    password_hash: str = field(repr=False)
    """PHC string of argon2id."""

    @property
    def folder(self) -> str:
        """Name of the folder of what belongs to this account; different for each name, and never a path."""
        readable = re.sub(r"[^a-z0-9]+", "-", self.name.lower()).strip("-")[:32]
        return f"{readable}-{hashlib.sha256(self.name.encode()).hexdigest()[:16]}".lstrip("-")


@dataclass(frozen=True)
class Accounts:
    """All accounts; none means that there is no login."""

    by_name: Mapping[str, Account] = field(default_factory=dict)
    names_by_key: Mapping[str, str] = field(default_factory=dict, repr=False)
    """Name of an account by the SHA-256 of a key, in hexadecimal digits."""

    @classmethod
    def read(cls, auth: str, api_keys: str = "") -> Accounts:
        """Return the accounts of the settings `AUDIOSCOPE_AUTH` and `AUDIOSCOPE_API_KEYS`; '' for none.

        Raises:
            WrongAccounts: an entry is not what `audioscope user` or `audioscope key` prints, or a key has no account.
        """
        found: dict[str, Account] = {}
        for number, entry in enumerate(auth.split(), 1):
            account = _account(entry, number)
            if account.name in found:
                raise WrongAccounts(f"{AUTH} has the name {account.name!r} twice: remove one of the two entries.")
            found[account.name] = account
        keys = dict(_key(entry, number, found) for number, entry in enumerate(api_keys.split(), 1))
        return cls(found, keys)

    def __bool__(self) -> bool:
        """Return whether there is a login."""
        return bool(self.by_name)

    def find(self, name: str | None) -> Account | None:
        """Return the account with this name."""
        return self.by_name.get(name) if name else None

    def with_password(self, name: str, password: str) -> Account | None:
        """Return the account `name` if this is its password; this takes as long for a name that no account has."""
        from argon2 import PasswordHasher
        from argon2.exceptions import InvalidHashError, VerificationError

        account = self.by_name.get(name)
        checked = account or next(iter(self.by_name.values()))
        try:
            PasswordHasher().verify(checked.password_hash, password[:MAX_PASSWORD_CHARACTERS])
        except (VerificationError, InvalidHashError):
            return None
        return account

    def with_key(self, key: str) -> Account | None:
        """Return the account whose API key this is."""
        return self.find(self.names_by_key.get(_key_hash(key)))


def account_entry(name: str, password: str, role: Role) -> str:
    """Return an entry for `AUDIOSCOPE_AUTH`."""
    from argon2 import PasswordHasher

    return f"{_checked(name)}:{role}:{PasswordHasher().hash(password[:MAX_PASSWORD_CHARACTERS])}"


def new_key(name: str) -> tuple[str, str]:
    """Return a new API key, and its entry for `AUDIOSCOPE_API_KEYS`."""
    key = KEY_PREFIX + secrets.token_urlsafe(KEY_BYTES)
    return key, f"{_checked(name)}:{_key_hash(key)}"


def _checked(name: str) -> str:
    if not NAME.fullmatch(name):
        raise WrongAccounts("A name has 1 to 64 letters, digits and the characters . _ @ + -, without spaces.")
    return name


def _account(entry: str, number: int) -> Account:
    name, _, rest = entry.partition(":")
    first, _, after = rest.partition(":")
    role, password_hash = (first, after) if after else ("viewer", rest)
    if not NAME.fullmatch(name) or role not in get_args(Role) or not _is_password_hash(password_hash):
        raise WrongAccounts(
            f"Entry {number} of {AUTH} is not NAME:ROLE:HASH as `audioscope user` prints it, with the role viewer or keeper. "
            "The shell keeps its $ signs in single quotes; a compose file wants $$ for each."
        )
    return Account(name, role, password_hash)  # type: ignore[arg-type]  # checked above


def _key(entry: str, number: int, accounts: Mapping[str, Account]) -> tuple[str, str]:
    name, _, key_hash = entry.partition(":")
    if not NAME.fullmatch(name) or not KEY_HASH.fullmatch(key_hash):
        raise WrongAccounts(f"Entry {number} of {API_KEYS} is not NAME:HASH as `audioscope key` prints it.")
    if name not in accounts:
        raise WrongAccounts(f"Entry {number} of {API_KEYS} is for {name!r}, who has no entry in {AUTH}.")
    return key_hash, name


def _is_password_hash(text: str) -> bool:
    from argon2 import Type, extract_parameters
    from argon2.exceptions import InvalidHashError

    try:
        return extract_parameters(text).type is Type.ID
    except (InvalidHashError, ValueError):
        return False


def _key_hash(key: str) -> str:
    return hashlib.sha256(key.encode()).hexdigest()
