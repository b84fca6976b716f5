"""Evidence packs: what an auditor needs to re-perform a period without asking anybody.

`write_pack` writes one from the published snapshot and the archive; `verify_pack` needs nothing but the pack itself.
"""

from dagster_project.evidence.pack import Pack, write_pack
from dagster_project.evidence.verify import Verification, is_untouched, verify_pack

__all__ = ["Pack", "Verification", "is_untouched", "verify_pack", "write_pack"]
