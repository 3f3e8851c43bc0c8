"""What runs within the box: starts the kernel, runs the cells, fetches values. Trusts nobody."""
