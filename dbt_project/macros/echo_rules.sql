{#-
  Which finding is the consequence of which? One root defect shows in several controls; these two lists say how they hang
  together, and models/reconciliation/echo applies them to the records that both findings name.

  echo_findings: (finding, code, cause or none, rank). A finding of a control, told apart by its cause where the direction
  depends on it: a tax difference begins in R15 and shows in R14, any other begins in R14 and shows in R15. A cause beats
  the control's general row. A consequence always has the higher rank, which is why no circle can arise. Every control of
  the catalogue is named here, also those that are never a consequence.
-#}
{% macro echo_findings() -%}
  {{ return([
    ('R38', 'R38', none, 1),
    ('R37', 'R37', none, 10),
    ('R36', 'R36', none, 10),
    ('R09_absent', 'R09', 'B01', 20),
    ('R10', 'R10', none, 22),
    ('R09', 'R09', none, 24),
    ('R02', 'R02', none, 30),
    ('R01', 'R01', none, 32),
    ('R01_lag', 'R01', 'amendment lag', 32),
    ('R03', 'R03', none, 40),
    ('R03_repeated', 'R03', 'A04', 40),
    ('R03_moved', 'R03', 'A06', 40),
    ('R04', 'R04', none, 40),
    ('R04_moved', 'R04', 'A07', 40),
    ('R13', 'R13', none, 44),
    ('R13_skipped', 'R13', 'B03', 44),
    ('R13_twice', 'R13', 'B11', 44),
    ('R05', 'R05', none, 46),
    ('R05_skipped', 'R05', 'B03', 46),
    ('R11', 'R11', none, 48),
    ('R12', 'R12', none, 48),
    ('R06', 'R06', none, 50),
    ('R06_stale', 'R06', 'B02', 50),
    ('R06_prorated', 'R06', 'B07', 50),
    ('R07', 'R07', none, 50),
    ('R18', 'R18', none, 52),
    ('R20', 'R20', none, 54),
    ('R21', 'R21', none, 56),
    ('R14', 'R14', none, 58),
    ('R14_unposted', 'R14', 'C01', 58),
    ('R14_unposted', 'R14', 'C02', 58),
    ('R14_unposted', 'R14', 'C03', 58),
    ('R14_unposted', 'R14', 'C04', 58),
    ('R14_twice', 'R14', 'C05', 58),
    ('R14_elsewhere', 'R14', 'C09', 58),
    ('R14_period', 'R14', 'C10', 58),
    ('R15', 'R15', none, 60),
    ('R14_tax', 'R14', 'C11', 62),
    ('R16', 'R16', none, 64),
    ('R16_period', 'R16', 'C10', 64),
    ('R23', 'R23', none, 68),
    ('R29', 'R29', none, 68),
    ('R30', 'R30', none, 70),
    ('R10_ledger', 'R10', 'ledger', 72),
    ('R24', 'R24', none, 76),
    ('R24_left_over', 'R24', 'D04', 76),
    ('R24_left_over', 'R24', 'D07', 76),
    ('R25', 'R25', none, 80),
    ('R26', 'R26', none, 80),
    ('R27', 'R27', none, 80),
    ('R19', 'R19', none, 82),
    ('R22', 'R22', none, 82),
    ('R28', 'R28', none, 84),
    ('R17', 'R17', none, 86),
    ('R35', 'R35', none, 90),
    ('R08', 'R08', none, 90),
    ('R33', 'R33', none, 92),
    ('R33_orphan', 'R33', 'C06', 92),
    ('R33_elsewhere', 'R33', 'C09', 92),
    ('R33_period', 'R33', 'C10', 92),
    ('R31', 'R31', none, 94),
    ('R31_orphan', 'R31', 'C06', 94),
    ('R34', 'R34', none, 96),
    ('R32', 'R32', none, 98),
  ]) }}
{%- endmacro %}


{#-
  echo_rules: (consequence, origin, subject, words). Both ends are a finding, or a code for all its findings. The two hang
  together where both name the same subject (models/reconciliation/echo/exception_subject_*.sql); `a=b` where the
  consequence names it as a and the origin as b. A rule between equals (a finding with itself) joins the halves of one
  defect. Subject `books` is a sum of many records: there the origins must together be large enough to explain it.
-#}
{% macro echo_rules() -%}
  {%- set invoice_roots = ['R14', 'R15', 'R16', 'R18', 'R20', 'R21', 'R19'] -%}
  {%- set rules = [
    ('R10', 'R09_absent', 'contract', 'the contract was never set up in billing'),
    ('R09', 'R10', 'contract', 'the amendment did not reach billing'),
    ('R01_lag', 'R09_absent', 'contract', 'the contract was never set up in billing'),
    ('R01_lag', 'R09', 'contract', 'billing and contract disagree'),
    ('R01_lag', 'R10', 'contract', 'the amendment did not reach every system'),
    ('R01', 'R02', 'subscription_sku', 'access outlived the subscription'),
    ('R30', 'R09', 'contract', 'billing and contract disagree'),
    ('R30', 'R10', 'contract', 'the amendment did not reach every system'),
    ('R30', 'R14_unposted', 'contract_sku', 'the invoice that makes the schedule is not posted'),
    ('R10_ledger', 'R30', 'contract', 'the schedule was not rebuilt for the amendment'),
    ('R06_stale', 'R09', 'contract', 'billing works with an older contract version'),
    ('R06_stale', 'R10', 'contract', 'the amendment did not reach billing'),
    ('R03_moved', 'R03_moved', 'moved_usage', 'the events stand in the other subscription'),
    ('R04_moved', 'R04_moved', 'moved_month', 'the events stand in the other month'),
    ('R05_skipped', 'R13_skipped', 'bill_run', 'the bill run left out the subscription'),
    ('R06', 'R11', 'line', 'the line carries a discount that was not agreed'),
    ('R06', 'R12', 'line', 'the line bills service after the end'),
    ('R06_prorated', 'R06_prorated', 'proration', 'both lines prorate the same change'),
    ('R20', 'R12', 'line', 'the line bills service after the end'),
    ('R07', 'R07', 'carried', 'the difference is carried forward'),
    ('R18', 'R18', 'number_run', 'the numbers follow one another'),
    ('R20', 'R20', 'missing', 'the same record is missing'),
    ('R14_elsewhere', 'R36', 'crm_account_books', 'the customer record names other books'),
    ('R14_period', 'R21', 'invoice', 'the document stands in another period'),
    ('R15', 'R14', 'invoice', 'the document differs from the invoice'),
    ('R14_tax', 'R15', 'invoice', 'the tax differs'),
    ('R16_period', 'R21', 'credit_note', 'the document stands in another period'),
    ('R16', 'R14_unposted', 'invoice_of=invoice', 'the credited invoice is not posted'),
    ('R23', 'R37', 'sku', 'the catalogue maps the item wrongly'),
    ('R23', 'R14_elsewhere', 'invoice', 'the document stands in other books'),
    ('R24_left_over', 'R14', 'invoice_of=invoice', 'the document is missing or smaller than the invoice'),
    ('R24_left_over', 'R15', 'invoice_of=invoice', 'the tax of the document differs'),
    ('R26', 'R16', 'credit_note', 'the credit note is not posted as issued'),
    ('R22', 'R14', 'invoice', 'the invoice did not arrive'),
    ('R22', 'R16', 'credit_note', 'the credit note did not arrive'),
    ('R22', 'R24', 'payment', 'the payment did not arrive'),
    ('R19', 'R03_repeated', 'usage', 'the repeated event was metered'),
    ('R19', 'R13_twice', 'bill_run', 'the period was invoiced twice'),
    ('R19', 'R18', 'invoice', 'the number was used twice'),
    ('R19', 'R14_twice', 'invoice', 'the invoice is posted twice'),
    ('R19', 'R16', 'credit_note', 'the credit note is posted twice'),
    ('R19', 'R24', 'payment', 'the payment is booked twice'),
    ('R19', 'R26', 'refund', 'the refund is booked twice'),
    ('R19', 'R27', 'dispute', 'the dispute is booked twice'),
    ('R28', 'R16', 'invoice=invoice_of', 'its credit note is not posted as issued'),
    ('R28', 'R24', 'invoice=invoice_of', 'the cash is not where it belongs'),
    ('R28', 'R26', 'invoice=invoice_of', 'a refund is not covered'),
    ('R28', 'R27', 'invoice=invoice_of', 'a lost dispute is not reinstated'),
    ('R17', 'R16', 'invoice=invoice_of', 'its credit note is not posted as issued'),
    ('R17', 'R24', 'invoice=invoice_of', 'the cash is not where it belongs'),
    ('R17', 'R26', 'invoice=invoice_of', 'a refund is not covered'),
    ('R17', 'R27', 'invoice=invoice_of', 'a lost dispute is not reinstated'),
    ('R17', 'R28', 'invoice', 'the open balance differs'),
    ('R33_orphan', 'R20', 'books', 'an orphan stands on the account'),
    ('R33_orphan', 'R20', 'account', 'an orphan stands on the account'),
    ('R33_period', 'R21', 'books', 'a document stands in another period'),
    ('R33', 'R14', 'books', 'a document is not posted as billed'),
    ('R33', 'R16', 'books', 'a credit or void is not posted as issued'),
    ('R33_elsewhere', 'R33_elsewhere', 'moved_balance', 'the amount stands on the other account'),
    ('R33_period', 'R33_period', 'moved_balance', 'the amount stands in the other period'),
    ('R31', 'R30', 'books', 'a schedule was not rebuilt'),
    ('R31', 'R14', 'books', 'a document is not posted as billed'),
    ('R31', 'R16', 'books', 'a credit or void is not posted as issued'),
    ('R31', 'R20', 'books', 'an orphan stands on the account'),
    ('R31', 'R21', 'books', 'a document stands in another period'),
    ('R31', 'R31', 'carried', 'the difference is carried forward'),
    ('R34', 'R33_orphan', 'account', 'the entry disturbs the control account'),
    ('R34', 'R31_orphan', 'deferred', 'the entry disturbs deferred revenue'),
    ('R32', 'R14', 'books', 'a document is not posted as billed'),
    ('R32', 'R16', 'books', 'a credit or void is not posted as issued'),
    ('R32', 'R20', 'books', 'an orphan stands in the books'),
    ('R32', 'R21', 'books', 'a document stands in another period'),
    ('R32', 'R31', 'books', 'deferred revenue does not roll forward'),
    ('R32', 'R34', 'books', 'a manual entry stands in the books'),
  ] -%}
  {%- for origin in invoice_roots -%}
    {%- do rules.append(('R28', origin, 'invoice', 'the document is not posted as billed')) -%}
    {%- do rules.append(('R17', origin, 'invoice', 'the document is not posted as billed')) -%}
  {%- endfor -%}
  {{ return(rules) }}
{%- endmacro %}


{#- A query: the list of findings as rows. -#}
{% macro echo_finding_rows() -%}
  select *
  from (
    values
    {%- for finding, code, cause, place in echo_findings() %}
    ('{{ finding }}', '{{ code }}', {{ text_literal(cause) }}, {{ place }}){{ ',' if not loop.last }}
    {%- endfor %}
  ) as listed (finding, code, cause_code, place)
{%- endmacro %}


{#- A query: the list of rules as rows, the subject split into both ends. -#}
{% macro echo_rule_rows() -%}
  select *
  from (
    values
    {%- for consequence, origin, subject, words in echo_rules() %}
    {%- set ends = subject.split('=') %}
    ('{{ consequence }}', '{{ origin }}', '{{ ends[0] }}', '{{ ends[-1] }}', {{ text_literal(words) }}){{ ',' if not loop.last }}
    {%- endfor %}
  ) as listed (consequence, origin, consequence_subject, origin_subject, words)
{%- endmacro %}
