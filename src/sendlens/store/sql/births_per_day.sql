SELECT toUInt32(born) AS day, count() AS messages FROM messages GROUP BY born ORDER BY born DESC
