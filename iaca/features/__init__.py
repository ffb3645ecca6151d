"""A Recording and two backbones give Features, kept in one file a subject."""
