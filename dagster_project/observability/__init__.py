"""What a run tells other systems about itself: traces and metrics, lineage events. Off, and not imported, by default."""
