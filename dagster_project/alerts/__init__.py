"""Who is told when the close is held up: findings of a published run, told once to every channel of `tieout.yml`.

`findings` reads what is the case, `decide` compares it with what a channel was told, `messages` puts it into words,
`channels` sends it, `ledger` remembers. `tell` does all of it.
"""

from dagster_project.alerts.telling import Report, tell, tell_failure

__all__ = ["Report", "tell", "tell_failure"]
