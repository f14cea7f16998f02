"""What docs/architecture.md promises of the whole house, checked in the syntax trees."""

import ast
import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
DOOR = "the front door"
MAY_IMPORT = {
    "models": {"models"},
    "onnx_export": {"onnx_export", "models"},
    "stream": {"stream", "models"},
    "dashboard": {"dashboard", "stream", "models"},
    DOOR: {DOOR, "dashboard", "stream", "onnx_export", "models"},
}
DOOR_PARTS = {"__init__.py", "__main__.py", "settings.py", "commands"}
HEAVY = {"torch", "torchaudio", "funasr", "transformers", "sklearn"}
MAY_BE_HEAVY = (
    "models/training/",
    "models/funasr_engine.py",
    "onnx_export/",
    "commands/train.py",
)
MOST_LINES = 350

WITHOUT_A_TEST_FILE = {
    "models/engine.py": "a protocol; tests/models/test_onnx_engine.py holds one to it",
    "models/settings.py": "tests/test_settings.py",
    "onnx_export/emotion2vec/pins.py": "digests; tests/onnx_export/emotion2vec/test_checkpoint.py",
    "onnx_export/errors.py": "one exception",
}
"""Modules that need no test file of their own: why, or where they are tested."""


def modules() -> list[Path]:
    """Every module of the product, relative to the root."""
    parts = [ROOT / part for part in (*MAY_IMPORT, *DOOR_PARTS) if (ROOT / part).exists()]
    found = [p for part in parts for p in ([part] if part.is_file() else part.rglob("*.py"))]
    return sorted(p.relative_to(ROOT) for p in found if "node_modules" not in p.parts)


def tree_of(module: Path) -> ast.Module:
    return ast.parse((ROOT / module).read_text(encoding="utf-8"), str(module))


def room_of(parts: tuple[str, ...]) -> str:
    """The room of a module or of a name, from its path below the package."""
    return parts[0] if parts and parts[0] in MAY_IMPORT else DOOR


def imports(module: Path, tree: ast.AST) -> Iterator[tuple[int, tuple[str, ...]]]:
    """Line and path of everything imported; what is ours begins with `tonewatch`."""
    package = ("tonewatch", *module.parent.parts)
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from ((node.lineno, tuple(alias.name.split("."))) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = package[: len(package) - node.level + 1] if node.level else ()
            base += tuple(node.module.split(".")) if node.module else ()
            yield from ((node.lineno, (*base, alias.name)) for alias in node.names)


def uphill(module: Path, tree: ast.AST) -> list[str]:
    """Imports that lead to a room that this one may not know."""
    allowed = MAY_IMPORT[room_of(module.parts)]
    return [
        f"{module}:{line} imports {'.'.join(name)}"
        for line, name in imports(module, tree)
        if name[0] == "tonewatch"
        and name[1:] != ("__version__",)
        and room_of(name[1:]) not in allowed
    ]


def test_imports_run_downhill() -> None:
    assert [found for module in modules() for found in uphill(module, tree_of(module))] == []


@pytest.mark.parametrize(
    ("module", "line"),
    [
        ("models/engine.py", "from ..stream.audio import Chunk"),
        ("stream/listener/gate.py", "from ...dashboard import settings"),
        ("stream/bus.py", "from ..settings import load"),
        ("stream/bus.py", "def late():\n    from ..onnx_export import graph"),
        ("dashboard/app.py", "import tonewatch.commands.serve"),
    ],
)
def test_an_import_uphill_is_found(module: str, line: str) -> None:
    assert len(uphill(Path(module), ast.parse(line))) == 1


def test_rooms_import_each_other_relatively() -> None:
    """An absolute import of ourselves would load a module twice where the root is on the path."""
    found = [
        f"{module}:{node.lineno}"
        for module in modules()
        for node in ast.walk(tree_of(module))
        if isinstance(node, ast.Import | ast.ImportFrom) and not getattr(node, "level", 0)
        for name in [getattr(node, "module", None), *(alias.name for alias in node.names)]
        if name and name.split(".")[0] == "tonewatch"
    ]
    assert found == []


def test_torch_stays_with_training_and_export() -> None:
    found = [
        f"{module}:{line} imports {'.'.join(name)}"
        for module in modules()
        if not module.as_posix().startswith(MAY_BE_HEAVY)
        for line, name in imports(module, tree_of(module))
        if name[0] in HEAVY
    ]
    assert found == []


def test_no_command_loads_torch() -> None:
    """Not even through a library: every command is imported in a fresh process."""
    commands = [p.stem for p in (ROOT / "commands").glob("*.py") if p.stem != "__init__"]
    code = (
        "import importlib, sys\n"
        f"for name in {commands!r}: importlib.import_module('tonewatch.commands.' + name)\n"
        "importlib.import_module('tonewatch.dashboard.app')\n"
        f"print(sorted({HEAVY!r} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert (done.stdout.strip(), done.returncode) == ("[]", 0), done.stderr


def test_only_the_front_door_reads_the_environment() -> None:
    found = [
        f"{module}:{node.lineno}"
        for module in modules()
        if room_of(module.parts) != DOOR
        for node in ast.walk(tree_of(module))
        if (isinstance(node, ast.Attribute) and node.attr in {"environ", "getenv", "putenv"})
        or (isinstance(node, ast.ImportFrom) and {a.name for a in node.names} & {"environ"})
    ]
    assert found == []


def undocumented(module: Path, tree: ast.Module) -> Iterator[str]:
    """Public modules, classes and functions without a docstring."""
    if not ast.get_docstring(tree) and tree.body:
        yield str(module)
    for node in tree.body:
        if (
            isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef)
            and not node.name.startswith("_")
            and not ast.get_docstring(node)
        ):
            yield f"{module}:{node.lineno} {node.name}"


def test_everything_public_says_what_it_is() -> None:
    assert [name for module in modules() for name in undocumented(module, tree_of(module))] == []


def test_modules_stay_small_enough_to_read() -> None:
    lengths = {m: len((ROOT / m).read_text(encoding="utf-8").splitlines()) for m in modules()}
    assert {str(m): n for m, n in lengths.items() if n > MOST_LINES} == {}


def test_every_module_has_its_test_file() -> None:
    missing = {
        str(module)
        for module in modules()
        if module.name != "__init__.py"
        and module.parts[0] in {"models", "stream", "dashboard", "onnx_export", "commands"}
        and not (ROOT / "tests" / module.parent / f"test_{module.name}").is_file()
    }
    assert missing - set(WITHOUT_A_TEST_FILE) == set(), "modules without a test file"
    assert set(WITHOUT_A_TEST_FILE) - missing == set(), "exceptions that are none"


def test_the_lock_file_names_no_registry() -> None:
    lock = json.loads((ROOT / "dashboard/ui/package-lock.json").read_text(encoding="utf-8"))
    assert [name for name, entry in lock["packages"].items() if "resolved" in entry] == []
    assert "omit-lockfile-registry-resolved=true" in (ROOT / "dashboard/ui/.npmrc").read_text()


def test_the_pins_name_no_registry() -> None:
    pins = (ROOT / "constraints.txt").read_text(encoding="utf-8").splitlines()
    assert len(pins) > 50
    assert [pin for pin in pins if "://" in pin or "@" in pin or "==" not in pin] == []
