"""HTTP over httpx: a request is sent by an `httpx.Client` or an `httpx.AsyncClient`.

`engine` builds and sends requests, `transport` is httpx's own transport over the connections of
`pool`, and `network` opens the sockets and keeps their deadlines.
"""
