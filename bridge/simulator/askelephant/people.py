"""Finds the workspace user that is the owner of an engagement, by e-mail first, then by phone."""

import hashlib
import re
from collections.abc import Mapping, Sequence
from typing import Any

from bridge.simulator.askelephant.options import User

UNKNOWN_DOMAIN = "@unknown.example"

Person = Mapping[str, Any]


def owner_at(participants: Sequence[Person]) -> int | None:
    """Return the index of the participant that is marked as owner, or ``None``."""
    marked = (index for index, person in enumerate(participants) if person.get("is_owner"))
    return next(marked, None)


def resolve(person: Person, users: Sequence[User] | None) -> User | None:
    """Return the active user with the e-mail or phone of ``person``, or ``None``.

    With ``users=None`` each person with an e-mail or a phone is a user, except those at
    ``@unknown.example``.
    """
    email = (person.get("email") or "").strip().lower()
    phone = _digits(person.get("phone"))
    if users is not None:
        active = [user for user in users if user.active]
        by_email = (user for user in active if email and (user.email or "").lower() == email)
        by_phone = (user for user in active if phone and _digits(user.phone) == phone)
        return next(by_email, None) or next(by_phone, None)
    key = email or phone
    if not key or email.endswith(UNKNOWN_DOMAIN):
        return None
    digest = hashlib.sha256(key.encode()).hexdigest()[:20].upper()
    return User(
        id=f"usr_01{digest}", name=person.get("name"), email=email or None, phone=phone or None
    )


def _digits(phone: str | None) -> str:
    return re.sub(r"\D", "", phone or "")
