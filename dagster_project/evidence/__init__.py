"""Evidence packs: what an auditor needs to re-perform a period without asking anybody.

`write_pack` writes one from the published snapshot and the archive; `verify_pack` needs nothing but the pack itself.
"""

from typing import TYPE_CHECKING

from dagster_project.lazily import on_demand

if TYPE_CHECKING:
    from dagster_project.evidence.pack import Pack, write_pack
    from dagster_project.evidence.verify import Verification, is_untouched, verify_pack

_HOMES = {
    "Pack": "pack",
    "Verification": "verify",
    "is_untouched": "verify",
    "verify_pack": "verify",
    "write_pack": "pack",
}

__all__ = ["Pack", "Verification", "is_untouched", "verify_pack", "write_pack"]
__getattr__ = on_demand(__name__, _HOMES)
