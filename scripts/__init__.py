"""What turns pages and code into the site; not shipped in the wheel."""
