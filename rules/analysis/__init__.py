"""What is wrong with rules that check: those that can never fire, are always beaten, contradict, or are doubled."""
