"""Parts that more than one page uses and that have no page of their own."""
