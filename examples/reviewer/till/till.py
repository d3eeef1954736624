"""A till that splits bills. Amounts are whole cents."""


def split(total, people):
    """What each person pays."""
    return [total // people] * people
