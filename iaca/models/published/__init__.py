"""The networks that the authors published, layer for layer."""
