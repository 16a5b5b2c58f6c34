-- Runs whose rows are not all gone.
SELECT tenant, run, toUInt16(born_from), toUInt16(born_until), toUnixTimestamp64Milli(before) FROM expiries FINAL WHERE done = 0
