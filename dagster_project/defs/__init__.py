"""What Dagster sees: assets, checks, jobs, schedules, sensors. Thin: each calls a module that knows no Dagster."""
