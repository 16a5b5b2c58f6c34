SELECT message_key, toUInt16(born) AS day FROM messages WHERE toUInt32(born) >= {day:UInt32} GROUP BY message_key, born
