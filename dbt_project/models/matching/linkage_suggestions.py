"""One row per pair of master records that are likely one customer: how likely, and which fields say so."""


def model(dbt, session):
    dbt.config(materialized="table")
    candidates = dbt.ref("linkage_candidate")

    from dagster_project.matching.linkage import suggestions

    return suggestions(candidates.to_arrow_table())
