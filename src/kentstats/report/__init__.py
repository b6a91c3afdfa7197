"""Words, tables and charts, made from the same rows."""
