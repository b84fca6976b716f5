"""The text that a pack carries for who opens it without Tieout."""

README_FILE = "README.txt"
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
                   close_status: per entity and period, whether it can be closed, and which gate says no;
                   business transactions with their steps; what was matched by amount and what was only suggested;
                   differences within tolerance of all periods, and their budget; lineage_edges: everything that the
                   period's postings go back to
logic/             the SQL as executed, contracts, configuration and the locked list of libraries
workbook.xlsx      cover with the close and every control, totals, breaks of the period and of earlier ones, bridges,
                   timing items, tolerances: a working copy to read

Amounts named *_minor are integers in the smallest unit of their currency (cents, pence; yen have none).
left_value and right_value of a result have the unit of its difference:
    delta_minor is set, delta_quantity is not    minor units of currency_code
    otherwise                                    what the control counts: units of usage, seats, systems, records
In totals/control_totals the column values_in says which: minor units, quantities, or both (do not add those up).

A control that compares a state as of a day has results in that day's period alone. Where results/controls says 0 in
results_in_pack, nothing was compared, so its zeros are not clean; earliest_period and latest_period say where
Tieout has results of it.

Parquet is the record. CSV and XLSX are working copies: in CSV a text that a spreadsheet could take for a formula
carries a leading apostrophe, and the manifest counts them.

To check: `tieout verify <this folder> --root <root hash>` recomputes hashes, row counts and totals from these files,
holds every CSV against its Parquet, and the close against its gates and the results. Where it is the version that
wrote the pack (manifest.json, code_version) it also writes workbook, contracts, policy and this text again.
By hand: sha256sum each file against manifest.json, and sum populations/*/*.parquet against totals/.

What hashes cannot prove: whoever changes files can compute every hash anew, the folder's name too. Only a root hash
that was kept elsewhere shows that. `tieout run` and `tieout evidence` print it, and the run history (Dagster) keeps it
with the asset evidence/pack: ask for it whoever ran the close, not whoever handed you the pack.

Not recomputed, under the hashes alone: logic/sql, tieout.yml and requirements.lock; the gates of source health
and of unexplained differences; gates of other periods; tables that no total rests on (measures, checks, sources). Of
the workbook its cells are compared, not what is hidden or how it is formatted.
"""
