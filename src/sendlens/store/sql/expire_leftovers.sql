-- Sums of runs that were cut off before they counted.
ALTER TABLE expired DELETE WHERE run NOT IN (SELECT run FROM expiries) SETTINGS mutations_sync = 2
