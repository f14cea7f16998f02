"""What is known of a call beside its sound: its scene, and the words that were sent with it."""
