"""Images of Pillow and arrays of NumPy and PyTorch, as the files that they are sent as: PNG and WAV.

None of these libraries is loaded for it: whoever has such a value has loaded its library.
"""

from __future__ import annotations

import io
from typing import Any, Final

from ..errors import InvalidRequestError

SAMPLE_RATE: Final = 44_100
"""Samples per second of a sound that is given as an array."""
_MOST_CHANNELS: Final = 8


def encoded(value: Any, where: str, *, audio: bool) -> bytes:
    """A picture as PNG; an array, where a sound is due, as WAV.

    Args:
        value: An image of Pillow, or an array of NumPy or PyTorch.
        where: Its place in the input, for messages.
        audio: Whether an array is a sound.

    Raises:
        InvalidRequestError: It is neither a picture nor a sound.
    """
    if callable(getattr(value, "save", None)):
        return _png(value, where)
    if hasattr(value, "detach"):  # a tensor of PyTorch
        value = value.detach().cpu().numpy()
    return _wav(value, where) if audio else _png(_image(value, where), where)


def _png(image: Any, where: str) -> bytes:
    file = io.BytesIO()
    try:
        image.save(file, "PNG")
    except (OSError, ValueError) as error:
        raise InvalidRequestError.of(
            f"{where}: the image cannot be written as PNG ({error}). Convert it to RGB first."
        ) from None
    return file.getvalue()


def _image(array: Any, where: str) -> Any:
    try:
        from PIL import Image
    except ImportError:
        raise InvalidRequestError.of(
            f"{where}: an array is sent as a picture, which needs Pillow: pip install pillow."
        ) from None
    if array.dtype.kind == "f":  # from 0 to 1
        array = (array.clip(0, 1) * 255).round().astype("uint8")
    try:
        return Image.fromarray(array)
    except (TypeError, ValueError, KeyError):
        raise InvalidRequestError.of(
            f"{where}: an array of shape {array.shape} and type {array.dtype} is no picture. Give "
            "height × width × 3 of uint8, or of floats from 0 to 1."
        ) from None


def _wav(array: Any, where: str) -> bytes:
    import wave

    if array.ndim == 2 and array.shape[0] <= _MOST_CHANNELS < array.shape[1]:
        array = array.T  # channels first, as PyTorch has it
    channels = array.shape[1] if array.ndim == 2 else 1
    if array.ndim > 2 or channels > _MOST_CHANNELS or array.dtype.kind not in "fi":
        raise InvalidRequestError.of(
            f"{where}: an array of shape {array.shape} and type {array.dtype} is no sound. Give "
            "samples, or samples × channels, of int16 or of floats from -1 to 1."
        )
    if array.dtype.kind == "f":
        array = (array.clip(-1, 1) * 32767).round()
    file = io.BytesIO()
    with wave.open(file, "wb") as sound:
        sound.setnchannels(channels)
        sound.setsampwidth(2)
        sound.setframerate(SAMPLE_RATE)
        sound.writeframes(array.astype("<i2").tobytes())
    return file.getvalue()
