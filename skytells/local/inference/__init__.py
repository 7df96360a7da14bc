"""Chat, responses and embeddings: what a model that chats is asked, answers, and how it travels.

An answer is decided and paid for as a whole before any of it is sent.

    reading.py ──> orders.py ──> desk.py ──> speaking.py ──> filters.py, schemas.py, tokens.py
    what a body asks for         an answer                   what goes into it
                                    │
    routes.py <── ../delivery.py <── chat.py, responses.py, embeddings.py ──> frames.py
    HTTP          time and faults    JSON and events as the platform has them  lines of SSE
"""
