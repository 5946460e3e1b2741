"""The bridges between processing system and shell."""
