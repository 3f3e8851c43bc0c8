"""File formats: atomic writes, archives within limits, CSV tables, YAML and TOML."""
