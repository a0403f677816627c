"""The wheel holds `nexus` and nothing else, and imports with torch, numpy and jaxtyping alone."""

import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]

# The wheel's own modules may import the standard library and the three dependencies, nothing else.
ALONE = """
import importlib, pkgutil, sys
allowed = {"nexus", "torch", "numpy", "jaxtyping", *sys.stdlib_module_names}
class Refuse:
    def find_spec(self, name, path=None, target=None):
        frame = sys._getframe(1)
        while "importlib" in frame.f_code.co_filename:
            frame = frame.f_back
        ours = frame.f_code.co_filename.startswith(sys.argv[1])
        if ours and name.partition(".")[0] not in allowed:
            raise ModuleNotFoundError(f"{name} is not among the dependencies", name=name)
sys.path.insert(0, sys.argv[1])
sys.meta_path.insert(0, Refuse())
import nexus
assert nexus.__file__.startswith(sys.argv[1]), nexus.__file__
heavy = {"torch", "numpy", "jaxtyping"} & set(sys.modules)
assert not heavy, f"import nexus loads {heavy}"
names = [m.name for m in pkgutil.walk_packages(nexus.__path__, "nexus.")]
for name in names:
    importlib.import_module(name)
print("\\n".join(names))
"""


@pytest.fixture(scope="module")
def wheel(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("wheel")
    source = folder / "source"  # a build leaves files beside what it builds
    source.mkdir()
    for name in ("pyproject.toml", "README.md", "LICENSE"):
        shutil.copy(ROOT / name, source)
    shutil.copytree(ROOT / "nexus", source / "nexus", ignore=shutil.ignore_patterns("__pycache__"))
    command = [sys.executable, "-m", "build", "--wheel", "--no-isolation", "-o", str(folder)]
    subprocess.run([*command, str(source)], check=True, capture_output=True)
    return next(folder.glob("*.whl"))


def test_it_holds_the_package_alone(wheel):
    files = zipfile.ZipFile(wheel).namelist()
    modules = {f.relative_to(ROOT).as_posix() for f in (ROOT / "nexus").rglob("*.py")}
    assert {f for f in files if f.endswith(".py")} == modules
    assert {f.split("/")[0].split("-")[0] for f in files} == {"nexus"}


def test_every_module_imports_with_the_dependencies_alone(wheel, tmp_path):
    zipfile.ZipFile(wheel).extractall(tmp_path)
    command = [sys.executable, "-c", ALONE, str(tmp_path)]
    done = subprocess.run(command, capture_output=True, text=True, cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert "nexus.attention.grouped_query_attention" in done.stdout.split()


def test_the_check_refuses_another_dependency(tmp_path):
    (tmp_path / "nexus").mkdir()
    (tmp_path / "nexus/__init__.py").write_text("")
    (tmp_path / "nexus/wrong.py").write_text("import matplotlib\n")
    command = [sys.executable, "-c", ALONE, str(tmp_path)]
    done = subprocess.run(command, capture_output=True, text=True, cwd=tmp_path)
    assert done.returncode != 0 and "matplotlib is not among the dependencies" in done.stderr
