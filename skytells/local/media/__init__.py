"""What predictions produce: real pictures, films, sounds and words, the same for the same request.

A `File` knows its name, type and size at once; its bytes are made when somebody asks for them.

    asked.py ──> file.py ──> recipes.py ──┬─> drawing.py (Pillow)              pictures: PNG
    what an input asks for                ├─> film.py ──> h264.py, mp4.py      films: MP4
                                          └─> sound.py                         sounds: WAV
"""

from .file import File, files
from .recipes import Film, Picture, Recipe, Tune
from .words import text

__all__ = ["File", "Film", "Picture", "Recipe", "Tune", "files", "text"]
