"""The archive: every delivery as received, its rows as Parquet, what was rejected, and a chain of manifests."""
