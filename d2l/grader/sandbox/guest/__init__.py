"""The code that runs inside a sandbox: the supervisor, and its functions in the kernel."""

VALUE_TYPE = (
    "application/vnd.d2l.value+json"  # of displays that carry fetched values to the supervisor
)
