"""The HTML of a mail as sent: the places of its links, which place a click belongs to, and how it is shown safely.

Pure: texts in, values out. Leaves to `control` where the HTML is kept, to `metrics` who clicked, and to `web` the page.
"""
