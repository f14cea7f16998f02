"""Training of the compact network: corpora, augmentation, features, head, export. Needs torch."""
