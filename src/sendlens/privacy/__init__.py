"""Privacy: giving out and erasing what is known of a person, over every place where something is kept.

Owns what erasing means and the proof that it worked. Leaves the storage itself to log, store and control plane.
"""
