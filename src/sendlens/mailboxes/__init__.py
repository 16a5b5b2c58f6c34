"""Mailboxes that are looked into for bounces and reports: Maildir, mbox and IMAP, and seed mailboxes.

Owns opening, reading on where the last look ended, and marking what was read. Leaves to `sources.mail` what mails say.
"""
