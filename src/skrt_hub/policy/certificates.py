"""When a certificate is about to expire: nobody else says so. Certificate authorities send no reminders any more.

Let's Encrypt ended its mails in June 2025.
"""

from __future__ import annotations

from datetime import datetime, timedelta

EARLY = timedelta(days=21)
"""How long before the end people are told; one that is renewed by itself never comes so near (a third of 90 days)."""


def warning(what: str, ends: datetime, now: datetime, remedy: str) -> str:
    """What is told of a certificate; nothing while it lasts long enough."""
    if ends - now > EARLY:
        return ""
    day = f"{ends:%Y-%m-%d}"
    if ends <= now:
        return f"{what} expired on {day}: browsers refuse the hub. {remedy}"
    days = (ends - now).days
    left = "in less than a day" if days < 1 else "in 1 day" if days == 1 else f"in {days} days"
    return f"{what} expires {left}, on {day}. {remedy}"
