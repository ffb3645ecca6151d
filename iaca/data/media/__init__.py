"""Video files: pictures, sound and their clock, read and written."""
