"""The rules of dev/check_tree.py, one module for each subject."""
