"""The key `spark` of `tieout.yml`: where the session of `target: spark` runs, and with what."""

from __future__ import annotations

from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field, field_validator

from dagster_project import expected

ENVIRONMENT = Path(__file__).resolve().parents[2] / ".venv-spark"


class Spark(BaseModel):
    """`python` is the interpreter of the environment that has pyspark; `settings` are Spark's own, by Spark's names."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    python: Path = ENVIRONMENT / "bin" / "python"
    master: str = Field(default="local[2]", min_length=1, description="local[n], spark://host:port, yarn, k8s://...")
    memory: str = Field(default="4g", pattern=expected.MEMORY, description="of the driver")
    settings: dict[str, str] = {}

    @field_validator("settings")
    @classmethod
    def _named_as_spark_names_them(cls, value: dict[str, str]) -> dict[str, str]:
        for name in value:
            if not name.startswith("spark."):
                raise ValueError(f"{name!r} is no setting of Spark; expected names such as spark.executor.memory")
        return value
