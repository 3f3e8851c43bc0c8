"""What runs within the sandbox: starts the kernel, runs the cells, fetches values. Trusts nobody."""
