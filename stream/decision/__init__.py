"""Pure rules from logits to readings and episodes."""
