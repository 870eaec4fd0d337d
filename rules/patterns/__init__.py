"""Event patterns: what visitors did, in counts, sequences and absences, told event by event."""
