"""The operations on arrays that are not elementwise, by family. Each is a forward on arrays and a rule for every
operand, written with the other operations, so that gradients of any order follow; or is made of others altogether."""
