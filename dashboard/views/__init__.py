"""Pages of the shell: home, settings, the palette, and the health of the house."""
