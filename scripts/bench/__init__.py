"""How long the scripts take on many pages: measured against the plain tools, in one run."""
