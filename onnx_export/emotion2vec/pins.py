"""Published SHA-256 of the hub's files, and the known scores of the publisher's example."""

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

BYTES: Final = {"emotion2vec_plus_large": 1_945_790_254}
"""Size of model.pt, the download; what runs of it is 0.65 GB."""

EXAMPLE_SHA256: Final = "a4839eaaa3d54bd2db6eb48aa3d40def1b5c5004df3fd163a8dcd045097f8a23"
"""`example/test.wav` of the hub folder: 65,666 samples, 16 kHz, mono."""

GOLDEN: Final[dict[str, tuple[float, ...]]] = {
    # FunASR's printed result for the whole example, as quoted in public scripts; in label order.
    "emotion2vec_plus_large": (
        1.0,
        4.307079432691596e-12,
        7.651620656523583e-12,
        1.8212416297291867e-10,
        7.213059316502068e-11,
        1.3731805914519914e-14,
        9.798530042903764e-11,
        8.913316751346656e-10,
        5.704816692153179e-21,
    ),
}
