"""Charts: each takes its data first, draws on ``ax`` or a new figure, and returns the axes.

They compute nothing but where labels go: values, limits and printed labels come in.
"""
