"""What a published record rests on and what became of it, from usage event and contract to the ledger and to cash."""

FAN = 6
"""Up to so many records of a step are told one by one; more are counted and summed."""
