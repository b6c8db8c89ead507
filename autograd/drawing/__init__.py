"""Pictures of graphs: `draw`, `draw_dot` and `explore`.

- `snapshot`, `grouping`: the graph at one moment, and which module made what
- `folding`: what of it is drawn, as modules are open or closed
- `cards`, `colours`, `style`: what is written on a box, and how it looks
- `layers`, `layout`: where boxes stand and wires run, within a frame and over all frames
- `scene`: all of this together
- `svg`, `dot_language`, `text`: a scene as SVG, in Graphviz's language, as a tree of text
- `picture`, `digraph`, `explorer`: what the three functions return; `output`: into a browser, into a PNG

Nothing here touches the graph or walks backward through it. The page of `explore` does walk, in the browser, on numbers
of its own: there it plays the backward pass and lets inputs be changed, by functions printed from the table of
derivatives.
"""
