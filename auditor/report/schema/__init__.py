"""Reports for machines: values, portable paths, and the JSON Schema that tells their shape."""
