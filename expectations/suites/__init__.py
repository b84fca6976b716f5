"""Great Expectations suites: at the boundary (what landed) and on the outcome (what was concluded).

`boundary.run_boundary` and `outcome.run_outcome` run them and return a `SuiteResult` per object or mart. Importing
these modules is cheap; Great Expectations itself, five seconds, is imported when a suite runs.
"""
