"""The pages without a browser: who may see them, how their addresses work, and the live feed."""
