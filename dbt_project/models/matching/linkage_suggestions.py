"""One row per pair of master records that are likely one customer: how likely, and which fields say so."""


def model(dbt, session):
    dbt.config(materialized="table")
    candidates = dbt.ref("linkage_candidate")

    if hasattr(candidates, "sparkSession"):
        from dagster_project.matching.on_spark import suggestions_on_spark

        return suggestions_on_spark(candidates)

    from dagster_project.matching.linkage import suggestions

    return suggestions(candidates.to_arrow_table())
