"""Count the operations of a step's graph, before and after Grappler. Worker only."""

from typing import Any


def count_ops(concrete: Any) -> int | None:
    """Count the operations of a concrete function and of each function it calls, each once; None if it is none."""
    graph = getattr(concrete, "graph", None)
    if graph is None:
        return None
    definition = graph.as_graph_def()
    return len(definition.node) + sum(len(function.node_def) for function in definition.library.function)


def count_optimized_ops(concrete: Any, arguments: tuple[Any, ...]) -> int | None:
    """Count the operations that are left when Grappler has seen the graph; this calls the function once.

    TensorFlow hands out the graphs of a function when it is first made ready to run, and this one was long
    ago: so another function is made that does nothing but call it, which Grappler inlines. This is what
    `tf.summary.trace_on(graph=True)` does, without its global state; the way to the graphs themselves is private.

    Returns:
        The number, functions inlined and loops taken apart into their single operations, so it may well be
        more than before; None if TensorFlow gives no graph.
    """
    import tensorflow as tf
    from tensorflow.python.eager import context

    def outer(*given: Any) -> Any:
        return concrete(*given)

    inner = tf.function(outer, autograph=False).get_concrete_function(*arguments)
    eager = context.context()
    eager.enable_run_metadata()
    try:
        inner(*arguments)
        found = eager.export_run_metadata().function_graphs
    finally:
        eager.disable_run_metadata()
    graphs = [graph.post_optimization_graph for graph in found]
    return sum(len(g.node) + sum(len(f.node_def) for f in g.library.function) for g in graphs) or None
