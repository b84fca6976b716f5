"""From the bytes of one file to typed rows and rejected rows, by sets in DuckDB: nothing is rounded, nothing lost."""
