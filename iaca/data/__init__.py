"""What lies on disk: trees, labels, videos and faces, read into a Recording."""
