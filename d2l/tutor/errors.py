"""Placeholder until the translations are there."""


def explained(error, evidence):
    return None
