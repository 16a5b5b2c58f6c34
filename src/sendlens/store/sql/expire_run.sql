INSERT INTO expiries
SELECT {tenant:String}, {run:UInt64}, toDate({from:UInt16}), toDate({until:UInt16}), fromUnixTimestamp64Milli({before:Int64}), {done:UInt8}
