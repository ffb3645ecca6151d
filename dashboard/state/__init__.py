"""Session keys, the address, folders and options."""
