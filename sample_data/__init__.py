"""The sample company Aerolith: a clean world of usage, billing, CRM and ERP, and defects planted into it."""

from sample_data.generate import generate

__all__ = ["generate"]
