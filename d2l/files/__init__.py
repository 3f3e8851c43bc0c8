"""Files of any use: written whole, unpacked within limits, CSV cells changed, YAML read."""
