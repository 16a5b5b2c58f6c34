"""The API key of the first tenant in every data directory of a bench; apart, for who needs it and nothing else."""

from typing import Final

KEY: Final = "sl_bench_0123456789abcdefghijklmnop"
