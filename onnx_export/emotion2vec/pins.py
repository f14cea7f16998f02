"""Published SHA-256 of the hub's files, by model and file (hub revisions stand beside them)."""

from typing import Final

PINS: Final[dict[str, dict[str, str]]] = {
    # Hugging Face 6c303ba987b86b93193de93e34bb2b077a6bedc4; ModelScope v2.0.5
    "emotion2vec_plus_large": {
        "model.pt": "be501a01f26fcdc7663a062dff86af839afbaef7c4de32f5e42d7e1ad2784da4",
        "config.yaml": "f4fa0eb82cc78bfebb43c56d68791afb01788085a18897d20999af7bc45d51d3",
        "configuration.json": "8b6a745213025c7d4565f9f074cfef1b5cd5ef76e38e2a8f7f8a3db271e735b2",
        "tokens.txt": "866121e470057b847d7a50e9923509141fb2924392f53385a186482a1ec0fb7f",
    },
}
"""No pins were found for base and seed."""
