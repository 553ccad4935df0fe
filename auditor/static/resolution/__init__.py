"""What names, attributes and calls stand for, through imports, classes, tables and configurations."""
