"""The only place that caches and computes, one file a topic."""
