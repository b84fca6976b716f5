"""Source systems: what they must deliver (contracts) and how it is fetched (connectors). Nothing is stored here."""
