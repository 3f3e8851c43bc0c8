"""What runs inside a sandbox: the supervisor, and what it has the kernel do."""

VALUE_TYPE = "application/vnd.d2l.value+json"  # of what the kernel shows the supervisor alone
