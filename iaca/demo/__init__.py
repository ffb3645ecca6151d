"""Renders the synthetic audio-visual corpus: faces, voices, labels, and what goes wrong with them."""
