"""The same examples in each run, so that a verdict does not depend on chance."""

from hypothesis import settings

settings.register_profile("suite", derandomize=True, database=None, deadline=None)
settings.load_profile("suite")
