"""Measurements of Sendlens: `make bench`, or `python -m bench --help`.

Every bench is a module of its own and a line in `table.BENCHES`. Whatever is compared is measured in the same run, one
after the other in turns, and reported as a ratio, because machines differ and neighbours make noise.
"""
