"""The text that a pack carries for who opens it without Tieout."""

from dagster_project.close.terms import CAUSE, OWNER

README_FILE = "README.txt"
_TEXT = """\
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
By hand: sha256sum each file against manifest.json, and run the queries below.

What hashes cannot prove: whoever changes files can compute every hash anew, the folder's name too. Only a root hash
that was kept elsewhere shows that. `tieout run` and `tieout evidence` print it, and the run history (Dagster) keeps it
with the asset evidence/pack: ask for it whoever ran the close, not whoever handed you the pack.

Not recomputed, under the hashes alone: logic/sql, tieout.yml and requirements.lock; the gates of source health
and of unexplained differences; gates of other periods; tables that no total rests on (measures, checks, sources). Of
the workbook its cells are compared, not what is hidden or how it is formatted.

TO RE-PERFORM BY HAND

In DuckDB, started in this folder (`duckdb`, or any tool that runs its SQL). A query that returns no row agrees.

-- 1. The totals of every control are those of its rows.
select code, source_instance, currency_code, status, count(*), sum(delta_minor)
from 'populations/*/*.parquet' group by all
except all
select code, source_instance, currency_code, status, row_count, delta_minor from 'totals/control_totals.parquet';

-- 2. The bridge: what lies between two stages is what its causes add up to, for every cell and currency.
with cells as (
    select legal_entity_code, customer_id, subscription_id, sku, service_period_start, currency_code,
        unnest(['A', 'B', 'C', 'D']) as leg,
        unnest([expected_minor - metered_minor, metered_minor - billed_minor, billed_minor - posted_minor,
            posted_minor - settled_minor]) as amount
    from 'bridge/bridge_cells.parquet'
)
select legal_entity_code, customer_id, subscription_id, sku, service_period_start, currency_code, leg, sum(amount)
from (
    from cells
    union all
    select legal_entity_code, customer_id, subscription_id, sku, service_period_start, currency_code, leg, -amount_minor
    from 'bridge/bridge_allocation.parquet'
)
group by all having sum(amount) <> 0;

-- 3. What is open and blocks the close: severity S1, of the entity and the period. One that names no entity counts in
--    every entity's close, and one that names no period in that of every period that is not hard closed. R38 is the
--    gate of source health and counts there.
select c.legal_entity_code, c.open_s1_exceptions as stated, count(e.code) as found
from 'results/close_status.parquet' as c
inner join 'manifest.json' as m on c.period = m.facts.period and m.facts.entity in ('all', c.legal_entity_code)
left join 'results/instance_links.parquet' as l on l.domain = 'erp' and l.linked_instance = c.source_instance
left join 'exceptions.parquet' as e
    on e.source_instance = l.source_instance and e.severity = 'S1' and e.code <> 'R38'
    and coalesce(e.legal_entity_code, c.legal_entity_code) = c.legal_entity_code
    and (e.period = c.period or (e.period is null and c.period_state <> 'hard_closed'))
group by all having stated <> found;

CODES

The bridge goes from expected (valid usage and recurring fees at contract terms) over metered, billed (net of credits)
and posted to settled (applied cash). Its legs are the differences between neighbours, the earlier less the later:
    A  expected - metered    B  metered - billed    C  billed - posted    D  posted - settled
In totals/bridge_reporting_totals leg T is translation: what rates of different days leave over.
A cause x99 is what nothing explains. Each leg has a row of it, also where it is 0; so a row of nature `unexplained`
counts by its amount alone. nature: timing, error, authorised, disputed, unexplained; direction: leakage (billed or
received too little), over-billing.
A result is matched, in_tolerance, timing (not due yet), break or not_testable. Severity S1 blocks the close, S2 is
financial, S3 operational, S4 information. A close is ready (every gate passes), blocked (one does not) or running
(the period has not ended).

Who acts:
{owners}
Causes:
{causes}
"""


def _listed(words: dict[str, str]) -> str:
    return "".join(f"    {code:<17} {text}\n" for code, text in words.items())


README = _TEXT.format(owners=_listed(OWNER), causes=_listed(CAUSE).rstrip("\n"))
