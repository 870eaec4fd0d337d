"""What visitors do and what is kept of them, as pure functions: no clock, no database, no network.

An event is judged (`judging`), reduced into the state of the source it came from (`reduce`), and the states of a
person's sources are folded into one view (`fold`), from which a decision reads attributes (`view`).
"""
