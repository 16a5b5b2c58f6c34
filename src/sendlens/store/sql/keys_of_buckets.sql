SELECT bucket, event_key FROM event_keys WHERE bucket IN {buckets:Array(UInt32)} AND batch_id != {batch:UInt64}
