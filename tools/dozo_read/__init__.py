"""What tools/dozo-read is made of. "(8.1)" in a comment is a section of docs/FORMAT.md."""
