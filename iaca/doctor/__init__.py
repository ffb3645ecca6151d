"""What `iaca doctor` looks at: the environment, its surroundings, and the whole chain on a tiny video."""
