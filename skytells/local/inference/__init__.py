"""Chat, responses and embeddings.

    parsing, validation   request bodies         ──> types
    service               checks, limits, price  ──> generation: the completion
    chat, responses       JSON and events of a completion ──> sse, and ../streaming

A completion is generated and charged as a whole before any of it is sent.
"""
