"""The pages: what they name is there, what they draw is what the code does, how they are spelt."""
