import csv
import subprocess
import sys
import textwrap
from pathlib import Path

import numpy as np
import pytest
import torch

from tonewatch.models.training.batches import Drawing, draw
from tonewatch.models.training.encoder import EncoderConfig, load_encoder
from tonewatch.models.training.fitting import Fitting, FittingError, fit
from tonewatch.models.training.networks import build

from .small import HEADS, LAYERS, WIDTH, variables
from .small_material import KNOWN, tones

pytestmark = pytest.mark.torch
HOW = Drawing(batch=8, seed=3)


def fresh(seed: int = 0) -> object:
    torch.manual_seed(seed)
    return build("bilstm", KNOWN, None)


def weights(network: object) -> np.ndarray:
    return torch.cat([p.detach().flatten() for p in network.parameters()]).numpy()


def test_a_network_learns_tones(tmp_path: Path) -> None:
    of = tones()
    said: list[str] = []
    fit(
        network := fresh(),
        lambda step: draw(of, HOW, step),
        Fitting(steps=40, rate=1e-2),
        tmp_path,
        said.append,
    )
    with (tmp_path / "curve.csv").open(newline="", encoding="utf-8") as file:
        losses = [float(row["loss"]) for row in csv.DictReader(file)]
    assert len(losses) == 40
    assert np.mean(losses[-5:]) < 0.3 * np.mean(losses[:5])
    assert said == [f"step 40 of 40, loss {losses[-1]:.3f}"]
    assert not network.training


def test_an_interrupted_run_ends_with_the_same_weights(tmp_path: Path) -> None:
    of = tones()
    job = Fitting(steps=12, keep_every=5)

    def all_steps(step: int) -> object:
        return draw(of, HOW, step)

    def interrupted(step: int) -> object:
        if step == 8:
            raise KeyboardInterrupt
        return draw(of, HOW, step)

    whole = fit(fresh(), all_steps, job, tmp_path / "whole", lambda _: None)
    with pytest.raises(KeyboardInterrupt):
        fit(fresh(), interrupted, job, tmp_path / "parts", lambda _: None)
    resumed = fit(fresh(seed=9), all_steps, job, tmp_path / "parts", lambda _: None)
    assert np.array_equal(weights(whole), weights(resumed))
    with (tmp_path / "parts/curve.csv").open(newline="", encoding="utf-8") as file:
        steps = [int(row["step"]) for row in csv.DictReader(file)]
    assert steps == list(range(1, 13))


def test_half_precision_learns_the_same_to_its_rounding(tmp_path: Path) -> None:
    of = tones()
    encoder = load_encoder(variables(), EncoderConfig(width=WIDTH, heads=HEADS, layers=LAYERS))
    losses = {}
    for precision in ("fp32", "bf16"):
        fit(
            build("whisper", KNOWN, encoder),
            lambda step: draw(of, HOW, step),
            Fitting(steps=1, precision=precision),
            tmp_path / precision,
            lambda _: None,
        )
        with (tmp_path / precision / "curve.csv").open(newline="", encoding="utf-8") as file:
            losses[precision] = float(next(csv.DictReader(file))["loss"])
    assert losses["bf16"] == pytest.approx(losses["fp32"], rel=0.05)


@pytest.mark.skipif(torch.cuda.is_available(), reason="this machine has a GPU")
def test_fp16_without_a_gpu_is_refused(tmp_path: Path) -> None:
    with pytest.raises(FittingError, match="fp16 needs a GPU"):
        fit(fresh(), lambda _: None, Fitting(precision="fp16"), tmp_path, lambda _: None)


def test_a_loss_that_is_no_number_stops_the_run(tmp_path: Path) -> None:
    network = fresh()
    torch.nn.init.constant_(network.body.head.bias, float("nan"))
    of = tones()
    with pytest.raises(FittingError, match="the loss is nan"):
        fit(network, lambda step: draw(of, HOW, step), Fitting(), tmp_path, lambda _: None)


@pytest.mark.slow
def test_two_processes_learn_what_one_learns(tmp_path: Path) -> None:
    script = tmp_path / "together.py"
    script.write_text(
        textwrap.dedent(
            """
            import importlib, sys
            from pathlib import Path
            import torch
            sys.path.insert(0, sys.argv[2])
            torch.set_num_threads(1)
            from tonewatch.models.training.batches import Drawing, draw
            from tonewatch.models.training.fitting import Fitting, fit, processes
            from tonewatch.models.training.networks import build
            from tests.models.training.small_material import KNOWN, tones

            torch.manual_seed(0)
            of, how, network = tones(), Drawing(batch=8, seed=3, mixup=0.3), build("whisper", KNOWN,
                importlib.import_module("tests.models.training.small_material").small_encoder())
            with processes() as place:
                fit(network, lambda step: draw(of, how, step, place.rank, place.world),
                    Fitting(steps=6), Path(sys.argv[1]) / str(place.world), lambda _: None,
                    place=place)
                if place.rank == 0:
                    torch.save(network.state_dict(), f"{sys.argv[1]}/{place.world}.pt")
            """
        ),
        encoding="utf-8",
    )
    root = str(Path(__file__).parents[3])
    for start in (
        [sys.executable],
        [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node=2"],
    ):
        done = subprocess.run(
            [*start, str(script), str(tmp_path), root], capture_output=True, text=True
        )
        assert done.returncode == 0, done.stderr
    one, two = (torch.load(tmp_path / f"{world}.pt", weights_only=True) for world in (1, 2))
    for name, value in one.items():
        assert torch.allclose(value, two[name], atol=1e-5, rtol=1e-4), name
