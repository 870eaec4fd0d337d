"""What caches in front of the site are told: surrogate keys, headers of answers, and what a change bears on. Pure."""
