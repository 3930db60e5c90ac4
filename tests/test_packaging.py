"""packaging/run, packaging/test and .ci/run, with stand-ins for Python, pip, apt and sudo: no network, no root."""

from __future__ import annotations

import shutil
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path

import pytest

CHECKOUT = Path(__file__).resolve().parent.parent
TOOLS = (
    "cat",
    "chmod",
    "cp",
    "dirname",
    "env",
    "flock",
    "mkdir",
    "mv",
    "readlink",
    "rm",
    "rmdir",
    "sh",
    "sleep",
    "touch",
)

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="the stand-ins are those of a Linux system")

PROGRAM = """#!/bin/sh
printf '<%s>' "$@"
echo " in $PWD"
[ "$1" != - ] || cat
exit 7
"""

CHECKER = """#!/bin/sh
echo "${0##*/} $*" >>"$LOG"
[ "${0##*/}" != "${FAILING-}" ] || exit 9
"""

PYTHON = f"""#!/bin/sh
case "$*" in
*'-m venv'*)
    for folder; do :; done
    mkdir -p "$folder/bin" && cp "$0" "$folder/bin/python" ;;
*'-m pip install'*)
    echo "pip $*" >>"$LOG"
    echo 'words of pip'
    [ -z "${{PIP_SECONDS-}}" ] || sleep "$PIP_SECONDS"
    [ -z "${{PIP_KILLED-}}" ] || kill -9 $$
    [ -z "${{PIP_FAILS-}}" ] || exit 1
    bin=${{0%/*}}
    cp "$STAND_INS/program" "$bin/dppix"
    for checker in ruff mypy lint-imports; do cp "$STAND_INS/checker" "$bin/$checker"; done ;;
*'-m pytest'*)
    echo "pytest $* QT_QPA_PLATFORM=$QT_QPA_PLATFORM" >>"$LOG"
    [ "${{FAILING-}}" != pytest ] || exit 9 ;;
*'import pip'*) exit 0 ;;
*) exec '{sys.executable}' "$@" ;;
esac
"""

APT = """#!/bin/sh
echo "apt-get $*" >>"$LOG"
echo 'words of apt'
"""


@dataclass
class Machine:
    """A checkout and the few commands that its scripts can find."""

    folder: Path
    checkout: Path
    environment: dict[str, str] = field(default_factory=dict)

    @property
    def venv(self) -> Path:
        return self.checkout / ".venv"

    def command(self, name: str, text: str) -> None:
        path = self.folder / "bin" / name
        path.unlink(missing_ok=True)
        path.write_text(text)
        path.chmod(0o755)

    def popen(self, *command: Path | str, cwd: Path | None = None, **more: str) -> subprocess.Popen[str]:
        return subprocess.Popen(
            [str(part) for part in command],
            cwd=cwd or self.folder,
            env=self.environment | more,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def call(
        self, *command: Path | str, words: str = "", cwd: Path | None = None, **more: str
    ) -> subprocess.CompletedProcess[str]:
        with self.popen(*command, cwd=cwd, **more) as process:
            out, err = process.communicate(words, timeout=60)
        return subprocess.CompletedProcess(process.args, process.returncode, out, err)

    def run(self, *arguments: str, words: str = "", **more: str) -> subprocess.CompletedProcess[str]:
        return self.call(self.checkout / "packaging" / "run", *arguments, words=words, cwd=None, **more)

    def log(self, beginning: str = "") -> list[str]:
        path = Path(self.environment["LOG"])
        lines = path.read_text().splitlines() if path.exists() else []
        return [line for line in lines if line.startswith(beginning)]


def libraries_wanted() -> list[str]:
    text = (CHECKOUT / "packaging" / "environment.sh").read_text()
    table = text.partition("<<'LIBRARIES'\n")[2].partition("\nLIBRARIES\n")[0]
    return [line.split()[1] for line in table.splitlines()]


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    checkout = tmp_path / "a checkout"
    shutil.copytree(CHECKOUT / "packaging", checkout / "packaging")
    shutil.copytree(CHECKOUT / ".ci", checkout / ".ci")
    (checkout / "pyproject.toml").write_text("[project]\n")
    made = Machine(tmp_path, checkout)
    (tmp_path / "bin").mkdir()
    for tool in TOOLS:
        real = shutil.which(tool)
        assert real, tool
        (tmp_path / "bin" / tool).symlink_to(real)
    for name, text in {"program": PROGRAM, "checker": CHECKER}.items():
        made.command(name, text)
    (tmp_path / "libraries").write_text("".join(f"\t{name} (libc6) => /{name}\n" for name in libraries_wanted()))
    made.command("python3", PYTHON)
    made.command("uname", '#!/bin/sh\ncase "$1" in -m) echo x86_64 ;; *) echo Linux ;; esac\n')
    made.command("id", "#!/bin/sh\necho 1000\n")
    made.command("ldconfig", f"#!/bin/sh\ncat '{tmp_path / 'libraries'}'\n")
    made.command("gcc", "#!/bin/sh\necho /\n")
    made.command("Xvfb", "#!/bin/sh\n")
    made.environment = {
        "PATH": str(tmp_path / "bin"),
        "HOME": str(tmp_path),
        "LOG": str(tmp_path / "log"),
        "STAND_INS": str(tmp_path / "bin"),
    }
    return made


def test_arguments_input_and_exit_code_reach_the_program_unchanged(machine: Machine) -> None:
    done = machine.run("-", "two  words", "", "*", "--x=$y'", words="typed\n")
    assert done.stdout == f"<-><two  words><><*><--x=$y'> in {machine.folder}\ntyped\n"
    assert done.returncode == 7


def test_stdout_holds_the_programs_words_alone_even_during_setup(machine: Machine) -> None:
    done = machine.run("--version")
    assert done.stdout == f"<--version> in {machine.folder}\n"
    assert "words of pip" in done.stderr


def test_the_second_call_sets_nothing_up_and_says_nothing(machine: Machine) -> None:
    machine.run("--version")
    assert machine.run("--version").stderr == ""
    assert len(machine.log("pip")) == 1


def test_a_changed_pyproject_is_installed_into_the_same_environment(machine: Machine) -> None:
    machine.run("--version")
    (machine.venv / "kept").touch()
    (machine.checkout / "pyproject.toml").write_text("[project]\n# more\n")
    machine.run("--version")
    machine.run("--version")
    assert len(machine.log("pip")) == 2
    assert (machine.venv / "kept").exists()


def test_a_failed_first_setup_ends_with_one_and_the_next_call_makes_it(machine: Machine) -> None:
    failed = machine.run("--version", PIP_FAILS="1")
    assert (failed.returncode, failed.stdout) == (1, "")
    assert "pip could not install" in failed.stderr
    assert machine.run("--version").returncode == 7


def test_an_update_that_pip_refused_keeps_the_environment(machine: Machine) -> None:
    machine.run("--version")
    (machine.venv / "kept").touch()
    (machine.checkout / "pyproject.toml").write_text("[project]\n# more\n")
    assert machine.run("--version", PIP_FAILS="1").returncode == 1
    assert machine.run("--version").returncode == 7
    assert (machine.venv / "kept").exists()


def test_an_environment_whose_installation_was_killed_is_made_anew(machine: Machine) -> None:
    machine.run("--version")
    (machine.venv / "half written").touch()
    (machine.checkout / "pyproject.toml").write_text("[project]\n# more\n")
    assert machine.run("--version", PIP_KILLED="1").returncode == 1
    assert machine.run("--version").returncode == 7
    assert not (machine.venv / "half written").exists()


def test_calls_at_the_same_time_install_once(machine: Machine) -> None:
    run = machine.checkout / "packaging" / "run"
    calls = [machine.popen(run, "--version", PIP_SECONDS="0.5") for _ in range(3)]
    for call in calls:
        with call:
            assert call.communicate(timeout=60)[0].startswith("<--version>")
    assert len(machine.log("pip")) == 1


def test_a_moved_checkout_makes_its_environment_anew(machine: Machine) -> None:
    machine.run("--version")
    machine.checkout = machine.checkout.rename(machine.folder / "moved")
    assert "making" in machine.run("--version").stderr
    assert (machine.venv / ".dppix-made").read_text() == f"{machine.checkout}\n"


def test_an_environment_made_by_somebody_else_is_never_removed(machine: Machine) -> None:
    machine.venv.mkdir()
    (machine.venv / "theirs").touch()
    refused = machine.run("--version")
    assert refused.returncode == 1
    assert "rename or remove it" in refused.stderr
    assert (machine.venv / "theirs").exists()


def test_a_linked_script_works_from_another_folder_and_keeps_relative_paths(machine: Machine) -> None:
    (machine.folder / "first").symlink_to("a checkout/packaging/run")
    (machine.folder / "elsewhere").mkdir()
    link = machine.folder / "elsewhere" / "dppix"
    link.symlink_to("../first")
    done = machine.call("./dppix", "photo.png", cwd=link.parent)
    assert done.stdout == f"<photo.png> in {link.parent}\n"


def test_without_a_display_the_window_is_refused_with_a_command_that_works(machine: Machine) -> None:
    done = machine.run()
    assert (done.returncode, done.stdout) == (1, "")
    assert "DISPLAY" in done.stderr
    assert "packaging/run sanitize photo.jpg -o " in done.stderr


@pytest.mark.parametrize("variable", ["DISPLAY", "WAYLAND_DISPLAY", "QT_QPA_PLATFORM"])
def test_with_a_display_no_arguments_start_the_window(machine: Machine, variable: str) -> None:
    assert machine.run(**{variable: "x"}).stdout.startswith("<gui>")


def test_an_old_or_absent_python_is_one_clear_line(machine: Machine) -> None:
    machine.command("python3", "#!/bin/sh\nexit 1\n")
    done = machine.run("--version")
    assert done.returncode == 1
    assert done.stderr.count("\n") == 1
    assert "no Python 3.11 or newer" in done.stderr


def test_a_newer_python_of_another_name_is_found(machine: Machine) -> None:
    machine.command("python3", "#!/bin/sh\nexit 1\n")
    machine.command("python3.12", PYTHON)
    assert machine.run("--version").returncode == 7


def lacking(machine: Machine, library: str) -> None:
    path = machine.folder / "libraries"
    path.write_text("".join(line for line in path.read_text().splitlines(keepends=True) if library not in line))


def test_root_installs_what_is_missing_after_an_update_and_says_so(machine: Machine) -> None:
    machine.command("id", "#!/bin/sh\necho 0\n")
    machine.command("apt-get", APT)
    lacking(machine, "libxcb-cursor")
    (machine.folder / "bin" / "gcc").unlink()
    done = machine.run("--version")
    update, install = machine.log("apt-get")
    assert update.endswith(" update")
    assert install.endswith(" install -y --no-install-recommends libxcb-cursor0 gcc libc6-dev")
    assert "installing by apt: libxcb-cursor0 gcc libc6-dev\n" in done.stderr
    assert "words of apt" not in done.stdout


def test_sudo_is_used_where_it_asks_for_nothing(machine: Machine) -> None:
    machine.command("apt-get", APT)
    machine.command("sudo", '#!/bin/sh\necho "sudo $*" >>"$LOG"\n[ "$1" != -n ] || shift\n"$@"\n')
    machine.command("true", "#!/bin/sh\n")
    lacking(machine, "libEGL")
    machine.run("--version")
    assert machine.log("sudo env DEBIAN_FRONTEND=noninteractive")
    assert machine.log("apt-get")[-1].endswith(" libegl1")


def test_without_root_the_one_line_is_shown_and_the_program_runs(machine: Machine) -> None:
    machine.command("apt-get", APT)
    machine.command("sudo", "#!/bin/sh\nexit 1\n")
    lacking(machine, "libEGL")
    done = machine.run("--version")
    assert "apt-get update && apt-get install -y --no-install-recommends libegl1\n" in done.stderr
    assert not machine.log("apt-get")
    assert done.returncode == 7


def test_missing_libraries_are_told_again_when_a_window_starts_but_not_to_a_command(machine: Machine) -> None:
    machine.command("apt-get", APT)
    lacking(machine, "libEGL")
    machine.run("--version")
    assert machine.run("--version").stderr == ""
    assert "libegl1" in machine.run(DISPLAY=":0").stderr


def test_the_suite_runs_offscreen_with_the_test_extra_and_keeps_its_exit_code(machine: Machine) -> None:
    suite = machine.checkout / "packaging" / "test"
    assert machine.call(suite, "-k", "two words", FAILING="pytest").returncode == 9
    assert machine.log("pip")[0].endswith("-e .[test]")
    assert machine.log("pytest") == ["pytest -m pytest -k two words QT_QPA_PLATFORM=offscreen"]


def test_what_was_installed_for_the_suite_serves_the_program_but_not_the_other_way(machine: Machine) -> None:
    machine.run("--version")
    machine.call(machine.checkout / "packaging" / "test")
    machine.run("--version")
    assert [line.rpartition(" ")[2] for line in machine.log("pip")] == [".", ".[test]"]


def test_the_suite_asks_for_a_virtual_display_server(machine: Machine) -> None:
    (machine.folder / "bin" / "Xvfb").unlink()
    machine.command("apt-get", APT)
    assert "xvfb" in machine.call(machine.checkout / "packaging" / "test").stderr
    assert "xvfb" not in machine.run("--version").stderr


CHECKS = ["pytest", "ruff", "ruff", "mypy", "lint-imports"]


@pytest.mark.parametrize(("failing", "steps"), [("", 5), ("pytest", 1), ("ruff", 2), ("mypy", 4), ("lint-imports", 5)])
def test_the_gate_stops_at_the_first_failure_with_its_code(machine: Machine, failing: str, steps: int) -> None:
    done = machine.call(machine.checkout / ".ci" / "run", FAILING=failing)
    assert done.returncode == (9 if failing else 0)
    assert [line.split()[0] for line in machine.log() if not line.startswith("pip")] == CHECKS[:steps]
