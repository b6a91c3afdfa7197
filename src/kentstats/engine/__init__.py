"""Execute notebooks in processes that are ready before they are asked for.

A server process imports what notebooks need and forks a child for each of
them, in a few milliseconds; where there is no fork, spare processes prepare
themselves ahead. In the child works IPython's own kernel, without sockets,
and nbclient and papermill treat it as they treat any other.
"""
