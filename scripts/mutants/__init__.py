"""Break a module in every way a mutation tester knows, and see whether its tests notice."""
