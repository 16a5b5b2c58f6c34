SELECT bucket, count() AS keys FROM event_keys WHERE bucket IN {buckets:Array(UInt32)} GROUP BY bucket
