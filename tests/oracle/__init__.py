"""Independent calculations that the pipeline's figures are compared with; they share no code with it."""
