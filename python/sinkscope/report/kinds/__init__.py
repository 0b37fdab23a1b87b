"""Kinds of figure: each makes JSON of numbers, for Plotly or for the page's own token strip."""
