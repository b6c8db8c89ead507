"""Pictures of graphs: `draw`, `draw_dot` and `explore`.

A snapshot of the graph is folded by modules, laid out in layers and written as SVG, DOT, text or a page. Nothing here
touches the graph or walks backward through it. The page of `explore` does walk, in the browser, on numbers of its own:
there it plays the backward pass and lets inputs be changed, by functions printed from the table of derivatives.
"""
