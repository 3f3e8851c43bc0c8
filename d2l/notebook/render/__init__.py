"""Render executed notebooks as HTML pages; untrusted content is sanitized or escaped."""
