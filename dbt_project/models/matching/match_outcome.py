"""One row per record in a match and per partition searched; `matches` and `searches` read it."""


def model(dbt, session):
    dbt.config(materialized="table")
    candidates = dbt.ref("match_candidate")
    parameters = dbt.source("config", "parameters")

    if hasattr(candidates, "sparkSession"):
        from dagster_project.matching.on_spark import outcome_on_spark

        cash_days = parameters.first()["cash_business_days"]
        return outcome_on_spark(candidates, {"cash": cash_days, "receipt_copy": cash_days})

    from dagster_project.matching.purposes import outcome

    ((cash_days,),) = parameters.project("cash_business_days").fetchall()
    windows = {"cash": cash_days, "receipt_copy": cash_days}
    return outcome(session, f'"{dbt.this.database}"."{dbt.this.schema}"."match_candidate"', windows)
