"""Executed notebooks as HTML pages: untrusted content is sanitised or escaped."""
