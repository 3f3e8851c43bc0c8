"""Run one untrusted notebook with limits and isolation; only typed messages leave the sandbox."""
