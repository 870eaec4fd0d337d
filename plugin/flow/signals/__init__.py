"""The parts of the context step, one signal a file; `plugin.flow.context` composes them."""
