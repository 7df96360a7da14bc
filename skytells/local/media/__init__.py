"""The outputs of predictions: pictures, films, sounds and text, the same for the same request.

Pictures show the prompt and have the requested size. Sounds are a short melody; films are always the
same two seconds.
"""
