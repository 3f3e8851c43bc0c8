"""The tutor's checks, by what they look at; `d2l.tutor.registry` lists them."""
