-- Accounts that do not add up: received = stored + duplicate + rejected + dead.
SELECT
    count() AS wrong,
    any(format('tenant {}, source {}, {} at {}: received {}, accounted for {}',
        tenant, source, kind, toString(minute), toString(received), toString(stored + duplicate + rejected + dead))) AS example
FROM intake FINAL
WHERE received != stored + duplicate + rejected + dead AND batch_id % {slices:UInt64} = {slice:UInt64}
