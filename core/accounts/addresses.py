"""E-mail addresses in their normal form."""

import email_validator
from email_validator import EmailNotValidError, validate_email

from core.errors import Finding, Invalid

# Addresses of a house without a public domain (me@office.local, admin@localhost) are fine on a self-hosted product.
email_validator.SPECIAL_USE_DOMAIN_NAMES.clear()


def normalised_email(text: str) -> str:
    """The address in its normal form, without asking the network. Raises `Invalid`."""
    try:
        return validate_email(text.strip(), check_deliverability=False, globally_deliverable=False).normalized
    except EmailNotValidError as error:
        raise Invalid(
            "invalid_email", "This is no e-mail address.", findings=(Finding("email", str(error)),)
        ) from error
