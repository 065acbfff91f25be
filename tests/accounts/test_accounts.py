"""Accounts are read from two settings, and what is wrong with those is said without showing a hash."""

from __future__ import annotations

import pytest

from accounts.access import UNLOAD_MODELS, Access, KeepersOnly, NotSignedIn
from accounts.accounts import Account, Accounts, WrongAccounts, account_entry, new_key

ANNA, VERA = account_entry("anna", "anna's password", "keeper"), account_entry("vera@home", "vera's password", "viewer")


def test_an_entry_that_was_made_lets_its_password_in_and_no_other() -> None:
    accounts = Accounts.read(f"{ANNA}\n  {VERA}")
    anna = accounts.with_password("anna", "anna's password")
    assert anna is not None and (anna.name, anna.role) == ("anna", "keeper")
    assert accounts.with_password("anna", "vera's password") is None
    # The password is checked against that of the first account, which takes as long.
    assert accounts.with_password("eve", "anna's password") is None
    assert accounts.with_password("", "") is None


def test_an_entry_without_a_role_is_a_viewers() -> None:
    name, _, password_hash = VERA.split(":")
    account = Accounts.read(f"{name}:{password_hash}").find("vera@home")
    assert account and account.role == "viewer"


def test_no_entries_mean_no_login() -> None:
    assert not Accounts.read("", "") and not Accounts.read(" \n")


def test_a_key_lets_its_account_in_and_is_not_in_its_entry() -> None:
    (key, entry), (other, second) = new_key("anna"), new_key("anna")
    accounts = Accounts.read(ANNA, f"{entry} {second}")
    assert key not in entry
    for known in (key, other):
        assert (account := accounts.with_key(known)) and account.name == "anna"
    for unknown in ("", key[:-1], f"{key} ", entry.split(":")[1], new_key("anna")[0]):
        assert accounts.with_key(unknown) is None


@pytest.mark.parametrize(
    "wrong",
    [
        "anna",
        ANNA.replace("keeper", "owner"),
        ANNA.replace("$", ""),
        ANNA.replace("argon2id", "argon2i"),
        "anna:keeper:$2b$12$abcdefghijklmnopqrstuv",
        "anna:secret",
        ANNA.replace("anna", "../anna"),
        ANNA.replace("anna", ""),
        "anna:=19=65536,t=3,p=4",  # what a compose file leaves of a hash with single $ signs
    ],
)
def test_a_wrong_entry_is_named_by_its_number_and_not_shown(wrong: str) -> None:
    with pytest.raises(WrongAccounts, match=r"^Entry 2 of AUDIOSCOPE_AUTH is not NAME:ROLE:HASH") as refused:
        Accounts.read(f"{VERA} {wrong}")
    assert not any(part in str(refused.value) for part in ("argon2", "65536", "$2b", "secret"))


def test_a_name_stands_for_one_account() -> None:
    with pytest.raises(WrongAccounts, match="the name 'anna' twice"):
        Accounts.read(f"{ANNA} {ANNA}")


@pytest.mark.parametrize("wrong", ["anna", "anna:key", "anna:" + "g" * 64])
def test_a_wrong_entry_of_a_key_is_named_by_its_number(wrong: str) -> None:
    with pytest.raises(WrongAccounts, match=r"^Entry 1 of AUDIOSCOPE_API_KEYS is not NAME:HASH"):
        Accounts.read(ANNA, wrong)


def test_keys_without_a_login_are_refused_since_the_page_would_be_open() -> None:
    with pytest.raises(WrongAccounts, match="is for 'anna', who has no entry in AUDIOSCOPE_AUTH"):
        Accounts.read("", new_key("anna")[1])


def test_an_account_does_not_show_its_hash() -> None:
    accounts = Accounts.read(ANNA, new_key("anna")[1])
    assert "argon2" not in repr(accounts) and "argon2" not in repr(accounts.find("anna"))


def test_folders_of_accounts_differ_and_are_no_paths() -> None:
    names = {"anna", "Anna", "anna.", "..", "@", "анна", "a" * 64}
    folders = {Account(name, "viewer", "").folder for name in names}
    assert len(folders) == len(names)
    assert not {folder for folder in folders if folder.strip("abcdefghijklmnopqrstuvwxyz0123456789-") or folder.startswith("-")}


def test_without_accounts_everyone_may_do_everything() -> None:
    access = Access()
    access.require_keeper(UNLOAD_MODELS)
    assert (access.account, access.owner, access.is_keeper()) == (None, "", True)


def test_a_keeper_may_do_what_a_viewer_may_not() -> None:
    accounts = Accounts.read(f"{ANNA} {VERA}")
    Access(accounts, lambda: "anna").require_keeper(UNLOAD_MODELS)
    viewer = Access(accounts, lambda: "vera@home")
    with pytest.raises(KeepersOnly, match="Only a keeper can unload models"):
        viewer.require_keeper(UNLOAD_MODELS)
    assert viewer.owner.startswith("vera-home-")


@pytest.mark.parametrize("name", [None, "", "eve"])
def test_whoever_is_not_known_may_do_nothing(name: str | None) -> None:
    access = Access(Accounts.read(ANNA), lambda: name)
    assert not access.is_keeper()
    with pytest.raises(NotSignedIn):
        _ = access.owner
