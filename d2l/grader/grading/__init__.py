"""Grade a class: a rubric, many submissions, hidden checks, pages and a table."""
