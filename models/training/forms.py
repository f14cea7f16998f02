"""The network's forms, windowed, streaming and unrolled: how each becomes a served graph."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any, Literal

import numpy as np
import onnxruntime as ort
import torch
from torch import Tensor

from ..manifest import Check, Streaming
from ..onnx_session import load_session
from ..window import Float32
from .graph import Compact, export_graph, store_small, write_graph
from .head import Head
from .joined import Body
from .networks import Network, encoder_widths
from .streaming import FRAME, StreamingEncoder, first_state, names_of
from .streaming_graph import StreamingCompact, write_streaming_graph
from .unrolled import Unrolled

Servable = Compact | StreamingCompact | Unrolled | Network
FormName = Literal["windowed", "streaming", "unrolled"]
"""Whole windows; only new sound, with a state; the network of new sound over whole windows."""
LENGTHS = (16_000, 24_000, 32_000, 48_000)
HOP_FRAMES = 8
"""Default hop of the streaming form: its answers lag by 200 ms, so it asks more often."""
HOP = HOP_FRAMES * FRAME
LOGIT_LIMIT = 0.3
"""Largest change of an utterance logit that small weights may make."""
LABEL_LIMIT = 0.02
"""Largest share of utterances whose top label they may change."""
ROWS = (2, 3, 8, 13)
"""Rows that are compared with one alone."""
KEPT = ("level",)
"""Of the streaming state: how loud a voice is outlasts a silence."""


def network_of(
    encoder: Body, head: Head, form: FormName = "streaming"
) -> Compact | StreamingCompact | Unrolled:
    """Encoder and head joined, in evaluation mode; `form` asks how a streaming one is served."""
    if not isinstance(encoder, StreamingEncoder):
        return Compact(encoder, head).eval()
    network = StreamingCompact(encoder, head)
    return Unrolled(network).eval() if form == "unrolled" else network.eval()


def write(network: Servable, path: Path) -> None:
    """Export to the served graph, large weights of a Whisper encoder stored small."""
    if isinstance(network, Network):
        export_graph(network, path)
        widths = encoder_widths(network)
        if widths:
            store_small(path, widths)
    elif isinstance(network, StreamingCompact):
        write_streaming_graph(network, path)
    elif isinstance(network, Unrolled):
        export_graph(network, path)
        store_small(path, (network.network.encoder.config.width,))
    else:
        write_graph(network, path)


def shape_of(network: Servable) -> dict[str, Any]:
    """What the manifest says of the graph's form."""
    if not isinstance(network, StreamingCompact):
        return {"window_samples": LENGTHS[-1], "lengths": LENGTHS, "receptive_field": FRAME}
    delay = network.encoder.config.delay
    return {
        "window_samples": HOP,
        "lengths": (HOP,),
        "hop_frames": HOP_FRAMES,
        "receptive_field": FRAME,
        "streaming": Streaming(delay_frames=delay, kept=KEPT),
    }


def parity(network: Servable, graph: Path, waves: Sequence[Float32]) -> tuple[Check, ...]:
    """The graph with small weights against the network, on windows of real speech [S]."""
    session, _ = load_session(graph, provider="cpu", plain=True)
    differences, changed = [], 0
    for wave in waves:
        inputs = _inputs(network, wave[None])
        (served,) = session.run(["logits"], inputs)
        with torch.inference_mode():
            wanted = network(*map(torch.from_numpy, inputs.values()))[0].numpy()
        one, other = _utterance(network, served), _utterance(network, wanted)
        differences.append(float(np.abs(one - other).max()))
        changed += int(one.argmax() != other.argmax())
    rows = (
        ("small weights: largest change of an utterance logit", max(differences), LOGIT_LIMIT),
        (
            "small weights: share of utterances with another label",
            changed / len(waves),
            LABEL_LIMIT,
        ),
    )
    checks = [Check(name=n, value=v, limit=limit, passed=v <= limit) for n, v, limit in rows]
    if isinstance(network, StreamingCompact):
        checks.append(_pieces(network, session, waves[0]))
    return tuple(checks)


def rows_stand_alone(network: Servable, graph: Path) -> bool:
    """Whether a row's numbers are the same alone and among others, and hop by hop or at once, bit
    for bit.

    Asked of the streaming form alone: others are read one by one on a CPU.
    """
    if not isinstance(network, StreamingCompact):
        return False
    session, _ = load_session(graph, provider="cpu", plain=True)
    config, hops = network.encoder.config, 4
    waves = np.random.default_rng(0).standard_normal((max(ROWS), hops * HOP)).astype(np.float32)

    def read(rows: slice) -> list[Float32]:
        state: Sequence[Any] = first_state(config, len(waves[rows]))
        found = []
        for hop in range(hops):
            piece = {"wave": 0.1 * waves[rows, hop * HOP : (hop + 1) * HOP]}
            logits, _, *state = session.run(
                None, piece | dict(zip(names_of(config), state, strict=True))
            )
            found.append(logits)
        return [*found, *state]

    alone = [read(slice(row, row + 1)) for row in range(max(ROWS))]
    rows = all(
        np.array_equal(one[row], other[0])
        for count in ROWS
        for row in range(count)
        for one, other in zip(read(slice(count)), alone[row], strict=True)
    )
    begun = dict(zip(names_of(config), first_state(config), strict=True))
    logits, _, *state = session.run(None, {"wave": 0.1 * waves[:1], **begun})
    whole = np.array_equal(logits, np.concatenate(alone[0][:hops], axis=1))
    return rows and whole and all(map(np.array_equal, state, alone[0][hops:]))


def _inputs(network: Servable, waves: Float32) -> dict[str, Any]:
    inputs: dict[str, Any] = {"wave": waves}
    if isinstance(network, StreamingCompact):
        config = network.encoder.config
        inputs["wave"] = np.pad(waves, ((0, 0), (0, config.delay * FRAME)))
        inputs |= dict(zip(names_of(config), first_state(config, len(waves)), strict=True))
    return inputs


def _utterance(network: Servable, logits: Float32) -> Float32:
    first = network.encoder.config.delay if isinstance(network, StreamingCompact) else 0
    return np.asarray(logits[0, first:].mean(axis=0), np.float32)


def _pieces(network: StreamingCompact, session: ort.InferenceSession, wave: Float32) -> Check:
    """The served graph hop by hop against the network on the whole wave: one function."""
    config = network.encoder.config
    names = names_of(config)
    wave = wave[: len(wave) // HOP * HOP]
    state: Sequence[Any] = first_state(config)
    parts = []
    for start in range(0, len(wave), HOP):
        piece = wave[None, start : start + HOP]
        logits, _, *state = session.run(
            None, {"wave": piece, **dict(zip(names, state, strict=True))}
        )
        parts.append(logits[0])
    whole: Tensor
    with torch.inference_mode():
        whole = network(torch.from_numpy(wave[None].copy()), *network.encoder.begin())[0][0]
    apart = np.abs(np.concatenate(parts) - whole.numpy())[config.delay :].max()
    return Check(
        name="streaming: largest change of a frame logit, hop by hop against the whole",
        value=float(apart),
        limit=2 * LOGIT_LIMIT,
        passed=bool(apart <= 2 * LOGIT_LIMIT),
    )
