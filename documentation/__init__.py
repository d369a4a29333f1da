"""Tools of the documentation site: formulas, the pages of the studies, checks of what is built."""
