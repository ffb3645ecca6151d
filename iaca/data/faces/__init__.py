"""Faces in videos: cropped, placed or detected."""
