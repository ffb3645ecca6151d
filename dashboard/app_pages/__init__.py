"""One file a page: order and words only."""
