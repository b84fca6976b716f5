"""What the views are made of: figures as text, tables, filters, the page frame."""
