"""The review queue: flags wait for a person, who listens, votes blind and only then compares."""
