"""Pure readers of a snapshot and of the events between two snapshots; none keeps a verdict of its own."""
