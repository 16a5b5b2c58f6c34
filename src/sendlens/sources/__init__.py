"""What the world sends, turned into canonical records: bytes in, records and rejections out, no I/O."""
