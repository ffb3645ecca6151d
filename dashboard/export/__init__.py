"""The rows on paper and in films."""
