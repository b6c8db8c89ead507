"""What is made of a row of the table: one module for each kind of reader, and the printer they share."""
