"""Figures at the client's wire: calls.py makes them, figures.py judges and sums them up, __main__.py prints them."""
