"""Charts: data in, axes out."""
