"""What a published record rests on and what became of it, from usage event and contract to the ledger and to cash."""
