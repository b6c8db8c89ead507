"""Pictures of graphs: `draw`, `draw_dot` and `explore`.

A snapshot of the graph is folded by modules, laid out in layers and written as SVG, DOT, text or a page. Nothing here
computes a gradient or touches the graph.
"""
