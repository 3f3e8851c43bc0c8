"""What runs inside a sandbox: the supervisor, and what it has the kernel do.

The modules that the kernel loads (`kernel_hooks` and what it imports) import each other relatively:
there they belong to a package of another name, which no file of a student's can shadow.
"""

VALUE_TYPE = "application/vnd.d2l.value+json"  # of what the kernel shows the supervisor alone
