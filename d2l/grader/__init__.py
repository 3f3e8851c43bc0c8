"""Run, compare and grade untrusted notebooks: sandbox, compare, grading."""
