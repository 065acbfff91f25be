"""What the person who is asking may do. Without accounts, everyone may do everything, with one library for all."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from accounts.accounts import Account, Accounts
from models.errors import AudioscopeError

DELETE_CLIPS, UNLOAD_MODELS = "delete clips from a library", "unload models"
"""What a keeper alone can do, besides the downloads of models."""


class KeepersOnly(AudioscopeError):
    """An account may not do what is asked."""

    def __init__(self, action: str) -> None:
        super().__init__(f"Only a keeper can {action}: ask whoever runs this server for that role.")


class NotSignedIn(AudioscopeError):
    """It is not known whose request this is."""

    def __init__(self) -> None:
        super().__init__("You are not signed in any more: load the page again.")


def no_request() -> str | None:
    """Return that no request is being served."""
    return None


def no_caller() -> str:
    """Return that no request is being served."""
    return ""


@dataclass(frozen=True)
class Access:
    """The accounts, and which of them is asking."""

    accounts: Accounts = field(default_factory=Accounts)
    asking: Callable[[], str | None] = no_request
    """Returns the name of the account whose request is being served, in its thread or one that was started for it."""
    caller: Callable[[], str] = no_caller
    """Returns for whom that request counts: an account, or an address; '' for none."""

    @property
    def account(self) -> Account | None:
        """The account that is asking; None without accounts."""
        if not self.accounts:
            return None
        account = self.accounts.find(self.asking())
        if account is None:
            raise NotSignedIn
        return account

    @property
    def owner(self) -> str:
        """Folder of the account that is asking; '' without accounts."""
        account = self.account
        return account.folder if account else ""

    def is_keeper(self) -> bool:
        """Return whether a keeper is asking, or anyone where there are no accounts."""
        if not self.accounts:
            return True
        account = self.accounts.find(self.asking())
        return account is not None and account.role == "keeper"

    def require_keeper(self, action: str) -> None:
        """Raise KeepersOnly unless a keeper is asking. `action`: what is asked, e.g. `UNLOAD_MODELS`."""
        if not self.is_keeper():
            raise KeepersOnly(action)


EVERYONE = Access()
"""Access without accounts."""
