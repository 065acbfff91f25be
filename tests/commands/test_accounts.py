"""The commands `user` and `key` print entries that the settings take."""

from __future__ import annotations

import re

import pytest
from typer.testing import CliRunner

from accounts.accounts import Accounts
from cli import cli

PASSWORD = "correct horse"


def test_the_entries_of_a_person_and_a_key_are_taken_by_the_settings() -> None:
    user = CliRunner().invoke(cli, ["user", "anna", "--role", "keeper"], input=f"{PASSWORD}\n{PASSWORD}\n")
    key = CliRunner().invoke(cli, ["key", "anna"])
    accounts = Accounts.read(user.stdout, key.stdout)
    assert (account := accounts.with_password("anna", PASSWORD)) and account.role == "keeper"
    (made,) = re.findall(r"^audioscope-\S+", key.stderr, re.MULTILINE)
    assert accounts.with_key(made) == account
    assert PASSWORD not in user.output and made not in key.stdout


@pytest.mark.parametrize(("name", "password"), [("anna", "short"), ("two words", PASSWORD), ("a:b", PASSWORD), ("", PASSWORD)])
def test_what_cannot_be_an_account_is_refused(name: str, password: str) -> None:
    done = CliRunner().invoke(cli, ["user", name], input=f"{password}\n{password}\n")
    assert done.exit_code == 2 and "argon2" not in done.output
