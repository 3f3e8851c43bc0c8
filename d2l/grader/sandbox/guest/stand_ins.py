"""Stand-ins."""


def install() -> None:
    """Placeholder until merged."""
