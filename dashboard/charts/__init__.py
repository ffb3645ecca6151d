"""Charts of the pages Robustness and Results."""
