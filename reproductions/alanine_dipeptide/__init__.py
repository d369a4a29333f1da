"""Alanine dipeptide: where the parameters of `systems.AlanineDipeptide` come from."""
