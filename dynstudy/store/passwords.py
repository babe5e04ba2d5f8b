"""Passwords in the URLs of databases: given to the driver, and shown or kept nowhere."""

import re
import shlex
from collections.abc import Sequence
from typing import Any

from sqlalchemy import URL

_KEY = r"[\w-]*(?:pass|pwd|secret|token)[\w-]*"
_UP_TO_ANOTHER_URL = r"(?:(?!\s[\w+]+://).)*"
_AFTER_USER = re.compile(rf"(://[^:/\s]*):{_UP_TO_ANOTHER_URL}@", re.DOTALL)
_AFTER_KEY = re.compile(rf"({_KEY}\s*=){_UP_TO_ANOTHER_URL}", re.DOTALL | re.IGNORECASE)


def without_passwords(text: str) -> str:
    """Return a text that is kept or shown with *** for the passwords of all URLs in it.

    A password may have any character in it: rather too much is hidden than too little.

    >>> without_passwords("run --storage postgresql://me:se@cr/et@host/db")
    'run --storage postgresql://me:***@host/db'
    >>> without_passwords("postgresql://host/db?user=me&sslpassword=secret")
    'postgresql://host/db?user=me&sslpassword=***'
    """
    return _AFTER_KEY.sub(r"\1***", _AFTER_USER.sub(r"\1:***@", text))


def command_without_passwords(arguments: Sequence[str]) -> str:
    """A command line of some arguments as it is kept or shown."""
    hidden = [without_passwords(argument) for argument in arguments]
    return " ".join(
        shlex.quote(argument) if shown == argument else shown
        for argument, shown in zip(arguments, hidden, strict=True)
    )


def kept_command(text: str) -> str:
    """A command line as it was kept, without what an older dynstudy left in it of passwords."""
    try:
        arguments = shlex.split(text)
    except ValueError:  # cut by hand
        return without_passwords(text)
    whole = all(without_passwords(argument) == argument for argument in arguments)
    return text if whole else command_without_passwords(arguments)


def url_shown(url: URL) -> str:
    """The URL of a database as it is shown."""
    return without_passwords(url.render_as_string(hide_password=True))


def unreadable(url: str) -> str:
    """What is shown of a text that is no URL: nothing of what may be a password in one."""
    *_, rest = url.rpartition("@")
    return without_passwords(url if rest == url or "://" in url else f"***@{rest}")


def apart(url: URL) -> tuple[URL, dict[str, Any]]:
    """Return a URL without its passwords, and these as a driver takes them by name.

    So neither the URL nor an engine, a pool or an error of SQLAlchemy's or Optuna's has them.
    """
    secrets: dict[str, Any] = {} if url.password is None else {"password": str(url.password)}
    query = dict(url.query)
    for key in [key for key in query if re.fullmatch(_KEY, key, re.IGNORECASE)]:
        value = query.pop(key)
        secrets[key] = value if isinstance(value, str) else value[-1]
    address = url.username, None, url.host, url.port, url.database
    return URL.create(url.drivername, *address, query), secrets
