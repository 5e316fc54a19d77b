"""What people see: pages, the command map, words in Chinese and English."""
