"""Figures in the form of the paper (arXiv:2410.10690), drawn from studies: a file for each.

A figure is a module of this folder that is called as its word in `words.Figure`, with a value
``FIGURE``, a `paper_figure.PaperFigure`. The command finds it there, writes what it draws, and
prints its rows.
"""
