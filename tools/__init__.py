"""What sets up and documents the project; none of it is in the package."""
