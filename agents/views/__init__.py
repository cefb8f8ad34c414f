"""The pages of agents, numbers and connections."""
