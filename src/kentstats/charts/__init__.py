"""Charts: each takes its data first, draws on ``ax`` or a new figure, and returns the axes.

They compute nothing but where labels go: values, limits and printed labels come in. What
cannot be drawn, an empty table for instance, is a ``ValueError``.
"""
