"""The study: does IACA help, when, and do its gates tell the truth? Every model over several seeds, with intervals."""
