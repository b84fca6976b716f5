"""The text that a pack carries for who opens it without Tieout."""

README = """\
EVIDENCE PACK OF TIEOUT

manifest.json      SHA-256, size and rows of every file here, and one root hash over them
populations/       per control (R03, R14, ...): matched, in_tolerance, timing, break and not_testable rows
exceptions         the open breaks of the period, with owner, reason and next step;
                   exceptions_of_earlier_periods: those that were open before and still are
totals/            per control, currency and status: rows, differences; per leg and cause: the bridge, its tax, in the
                   reporting currency and by accounting period; timing items month by month; transactions by state;
                   what the tolerances let pass; links by kind
bridge/            expected, metered, billed, posted and settled per cell, and the cause of every minor unit; the tax
                   bridge, the bridge in the reporting currency and by accounting period, and timing items rolled
                   forward (opening + created - reversed = closing), all months up to the period
sources/           every batch received: hash, rows, control totals as reported and as received, what was refused;
                   manifests/ holds the archive's own manifests, each with the hash of the one before it
results/           the catalogue of controls, source health, measures, the checks that ran and what they found;
                   business transactions with their steps; what was matched by amount and what was only suggested;
                   differences within tolerance of all periods, and their budget; lineage_edges: everything that the
                   period's postings go back to
logic/             the SQL as executed, contracts, configuration and the locked list of libraries
workbook.xlsx      cover, totals, breaks, bridges, timing items, tolerances: a working copy to read

Amounts named *_minor are integers in the smallest unit of their currency (cents, pence; yen have none).
Parquet is the record. CSV and XLSX are working copies: in CSV a text that a spreadsheet could take for a formula
carries a leading apostrophe, and the manifest counts them.

To check: `tieout verify <this folder>` recomputes every hash, row count and total from these files alone.
By hand: sha256sum each file against manifest.json, and sum populations/*/*.parquet against totals/.
"""
