"""The trained model as a file of plain arrays (npz without pickle), and what it needs to label a text."""

import hashlib
import io
import zipfile
from importlib import resources
from typing import Any, Final, NamedTuple

import numpy as np
import numpy.typing as npt

from streamproc.understanding.features import BIAS_KEY, Keys, Lexicon
from streamproc.understanding.folding import Codes

SLOT_BITS: Final = 20
_CHECK: Final = np.uint32((1 << (32 - SLOT_BITS)) - 1)
_SHIFT: Final = np.uint32(32 - SLOT_BITS)
OUTPUTS: Final = 16
SCALE: Final = 1.0 / 1024
NORM_SCALE: Final = 1.0 / 128
MODEL_FILE: Final = "data/model.npz"

Weights = npt.NDArray[np.int16]


class Model(NamedTuple):
    """``keys`` (rows,) of the features, ``weights`` (rows, outputs), the first row that of the bias.

    An output's score is SCALE * (sum of weights / norm + bias), norm = sqrt(1 + NORM_SCALE * sum of the last output).
    ``calibration`` holds the knots of confidence: raw probability and calibrated one, shape (2, knots).
    """

    keys: Keys
    weights: Weights
    calibration: npt.NDArray[np.float64]
    folding: Codes
    words: list[str]
    classes: npt.NDArray[np.uint8]

    def lexicon(self) -> Lexicon:
        """Give the words as a lexicon."""
        return Lexicon({word: index for index, word in enumerate(self.words)}, self.classes.astype(np.int64))

    def table(self) -> npt.NDArray[np.uint32]:
        """Give the hash table: by the key's high 20 bits, its low 12 bits as a check and the weight row above them."""
        table = np.zeros(1 << SLOT_BITS, np.uint32)
        rows = np.arange(1, len(self.keys) + 1, dtype=np.uint32)
        table[self.keys >> _SHIFT] = (rows << _SHIFT) | (self.keys & _CHECK)
        return table

    def to_bytes(self) -> bytes:
        """Serialise; the same model gives the same bytes."""
        arrays: dict[str, npt.NDArray[Any]] = {
            "keys": self.keys,
            "weights": self.weights,
            "calibration": self.calibration,
            "folding": self.folding,
            "words": np.frombuffer("\x00".join(self.words).encode(), np.uint8),
            "classes": self.classes,
        }
        out = io.BytesIO()
        with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED, compresslevel=6) as archive:
            for name, array in arrays.items():
                part = io.BytesIO()
                np.lib.format.write_array(part, array, allow_pickle=False)
                archive.writestr(
                    zipfile.ZipInfo(f"{name}.npy", (1980, 1, 1, 0, 0, 0)), part.getvalue(), zipfile.ZIP_DEFLATED
                )
        return out.getvalue()


def rows_of(keys: Keys, table: npt.NDArray[np.uint32]) -> npt.NDArray[np.uint32]:
    """Look keys up: the weight row of each, 0 where the model has none."""
    found = np.take(table, keys >> _SHIFT)
    return np.where((found & _CHECK) == (keys & _CHECK), found >> _SHIFT, np.uint32(0))


def slot_of(keys: Keys) -> Keys:
    """Give the table slot of each key; two features of a model must not share one."""
    return keys >> _SHIFT


def read_model(data: bytes) -> Model:
    """Read what ``to_bytes`` wrote; raises ValueError for anything else."""
    try:
        with np.load(io.BytesIO(data), allow_pickle=False) as arrays:
            return Model(
                keys=arrays["keys"],
                weights=arrays["weights"],
                calibration=arrays["calibration"],
                folding=arrays["folding"],
                words=arrays["words"].tobytes().decode().split("\x00"),
                classes=arrays["classes"],
            )
    except (KeyError, ValueError, TypeError, zipfile.BadZipFile, OSError, EOFError) as error:
        raise ValueError(f"not a model: {error}") from error


def shipped() -> bytes:
    """Give the bytes of the shipped model."""
    return resources.files(__package__).joinpath(MODEL_FILE).read_bytes()


def digest(*parts: bytes) -> str:
    """Give the first 12 hex digits of SHA-256 over the parts."""
    return hashlib.sha256(b"\x00".join(parts)).hexdigest()[:12]


__all__ = ["BIAS_KEY", "Model", "Weights", "digest", "read_model", "rows_of", "shipped", "slot_of"]
