"""The sample site: content, images, rules and interface texts of an invented magazine and shop."""
