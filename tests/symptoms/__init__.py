"""What errors mean."""
