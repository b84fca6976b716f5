"""Which system owns which field, from when: the four models that ship, and the overrides of a company."""

from expectations.policy.authority.resolve import PolicyRow, in_force, policy_rows
from expectations.policy.authority.rules import MODELS, Change, Overlay, Override, fault_of

__all__ = ["MODELS", "Change", "Overlay", "Override", "PolicyRow", "fault_of", "in_force", "policy_rows"]
