"""The commands `user` and `key`, which make entries for the settings of the login."""

from __future__ import annotations

from typing import Annotated, Literal

import typer

from accounts.accounts import API_KEYS, AUTH, WrongAccounts, account_entry, new_key

MIN_PASSWORD_CHARACTERS = 10

Name = Annotated[str, typer.Argument(help="Name of the account, without spaces.")]


def user(
    name: Name,
    role: Annotated[
        Literal["viewer", "keeper"], typer.Option(help="A keeper may also download and unload models, and delete from a library.")
    ] = "viewer",
) -> None:
    """Ask for a password, and print the account's entry for the setting AUDIOSCOPE_AUTH."""
    password = typer.prompt(f"Password of {name}", hide_input=True, confirmation_prompt="Once more", err=True)
    if len(password) < MIN_PASSWORD_CHARACTERS:
        raise typer.BadParameter(f"A password has at least {MIN_PASSWORD_CHARACTERS} characters.")
    try:
        print(account_entry(name, password, role))
    except WrongAccounts as error:
        raise typer.BadParameter(str(error)) from error
    typer.echo(f"Put this line into {AUTH}; a space or a new line separates entries.", err=True)


def key(name: Name) -> None:
    """Make an API key, and print its entry for the setting AUDIOSCOPE_API_KEYS; the key itself is shown once."""
    try:
        made, entry = new_key(name)
    except WrongAccounts as error:
        raise typer.BadParameter(str(error)) from error
    print(entry)
    typer.echo(f"Put this line into {API_KEYS}. The key, which is not kept anywhere:\n{made}", err=True)
