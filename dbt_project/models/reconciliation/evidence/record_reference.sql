-- One row per reference of a record, events apart, that does not resolve, and one per instance and reference with the
-- number of those that do.
{{ unresolved_references(ref('reference_use'), landing_references(but='product.usage_events')) }}
