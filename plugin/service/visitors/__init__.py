"""Who visitors are and what is kept of them: profiles, links, consent."""
