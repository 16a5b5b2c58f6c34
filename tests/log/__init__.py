"""Every log keeps the promises of the protocol; each implementation adds the ones of its own."""
