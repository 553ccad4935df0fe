"""What expressions are worth, as far as the text says: values, options, conditions, what is left None."""
