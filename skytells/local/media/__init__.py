"""What predictions produce: pictures, films, sounds and words, the same for the same request.

A `File` knows its name, type and size at once; its bytes are made when somebody asks for them.
"""

from .files import File, files
from .text import text

__all__ = ["File", "files", "text"]
