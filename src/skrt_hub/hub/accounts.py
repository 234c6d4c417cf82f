"""The way from a hub's folder to its accounts, for the commands: what is wrong is told as every other error."""

from __future__ import annotations

from skrt_hub.hub.identities import check_accounts
from skrt_hub.layout import Layout
from skrt_hub.login.accounts import Accounts


def accounts_of(layout: Layout) -> Accounts:
    """The accounts of the hub in this folder. Raises StateError, naming a copy, where the file is damaged or gone."""
    check_accounts(layout)
    return Accounts(layout.accounts)
