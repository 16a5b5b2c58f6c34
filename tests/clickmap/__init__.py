"""The HTML of mails as sent: places, matching, and showing it safely."""
