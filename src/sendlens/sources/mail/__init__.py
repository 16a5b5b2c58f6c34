"""Mail as a source: bounces, complaints and reports that arrive as messages; bytes in, records out."""
