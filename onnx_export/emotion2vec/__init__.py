"""emotion2vec+ (seed, base, large): checkpoint folder to network to checked graph."""
