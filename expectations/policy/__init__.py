"""Who owns a failed control, how severe it is and what to do: read from YAML, validated when it is loaded."""

from expectations.policy.data_quality import Rule, load_policy

__all__ = ["Rule", "load_policy"]
