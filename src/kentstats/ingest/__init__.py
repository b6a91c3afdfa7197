"""Readers: one for each kind of source, all ending in the tidy contract."""
