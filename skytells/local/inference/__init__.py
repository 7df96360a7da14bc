"""Chat, responses and embeddings: what a model that chats is asked, answers, and how it travels.

reading.py ──> orders.py ──> desk.py ──> speaking.py ──> filters.py, schemas.py, tokens.py
what a body asks for         an answer, paid for and decided whole before any of it is sent
                                │
routes.py <── delivery.py <── chat.py, responses.py, embeddings.py ──> frames.py
HTTP          time and faults    JSON and events as the platform spells them    lines of SSE
"""
