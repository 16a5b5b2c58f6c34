-- The day of birth of a tenant's oldest message, 0 for none.
SELECT toUInt16(min(born)) FROM messages WHERE tenant = {tenant:String}
