"""What a run tells other systems about itself: traces and metrics, lineage events. Off by default."""
