"""What AWS, or whatever answers in its place, may do to a check, and what the check must then say."""
