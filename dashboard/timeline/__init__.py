"""Rows of the player: declared, built and sent."""
