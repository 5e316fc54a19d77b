"""Names and phone numbers for whoever may not see people."""

MASK = "***"


def masked_name(name: str) -> str:
    """Leave the family name of a person's name, enough to tell two duties apart."""
    return name[:1] + MASK if name else ""


def masked_phone(phone: str) -> str:
    """Leave the last two digits of a phone number."""
    return MASK + phone[-2:] if phone else ""
