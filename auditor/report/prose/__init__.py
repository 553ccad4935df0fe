"""Parts of reports for people: lines with styles, numbers with units, sentences."""
