SELECT bucket, event_key FROM event_keys
WHERE (bucket, event_key) IN (arrayZip({buckets:Array(UInt32)}, {keys:Array(UInt64)})) AND batch_id != {batch:UInt64}
