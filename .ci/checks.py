"""Set everything up, run every check, and say what ran, for how long, and what came of it.

Standard library only, because it starts before anything is installed. Named parts run alone:
``checks.py ruff browser``.
"""

import os
import re
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
LOGS = ROOT / ".ci" / "out"
PYTHON = str(ROOT / ".venv" / "bin" / "python")
# the same examples of every law each time: what passed fails for a change alone; plain pytest draws new ones
PYTEST = [PYTHON, "-m", "pytest", "-q", "--color=no", "--durations=5", "--hypothesis-profile=ci"]
# the closing lines of pytest ("3 failed, 25 passed in 4.91s") and vitest ("Tests  1 failed | 12 passed (13)")
CLOSING = re.compile(r"\bin \d+\.\d+s|^\s*Tests\s")
COUNTS = re.compile(r"(\d+) (passed|failed|error)")


@dataclass
class Part:
    """One command of the whole, and afterwards what came of it."""

    name: str
    command: list[str]
    where: str = "."
    seconds: float = 0.0
    status: int | None = None
    counts: dict[str, int] = field(default_factory=dict)

    @property
    def title(self) -> str:
        """The command as one would type it at the root of the checkout."""
        typed = " ".join(self.command).replace(str(ROOT) + os.sep, "")
        return f"\n=== {self.name}: " + (typed if self.where == "." else f"cd {self.where} && {typed}")

    @property
    def outcome(self) -> str:
        """What came of it, in a few words."""
        if self.status is None:
            return "FAILED: not run, its set-up failed"
        tests = ", ".join(f"{number} {kind}" for kind, number in self.counts.items())
        return ("ok" if self.status == 0 else f"FAILED, exit {self.status}") + (f": {tests}" if tests else "")

    def run(self, *, aloud: bool = True) -> None:
        """Run the command; its output goes to ``.ci/out/<name>.log`` and, when `aloud`, to the terminal."""
        start = time.monotonic()
        if aloud:
            print(self.title, flush=True)
        with (LOGS / f"{self.name}.log").open("w") as log:
            for line in self._lines():
                log.write(line)
                if CLOSING.search(line):
                    self.counts = {kind: int(number) for number, kind in COUNTS.findall(line)}
                if aloud:
                    print(line, end="", flush=True)
        self.seconds = time.monotonic() - start

    def _lines(self) -> Iterator[str]:
        try:
            process = subprocess.Popen(
                self.command,
                cwd=ROOT / self.where,
                env={**os.environ, "NO_COLOR": "1"},
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                text=True,
                errors="replace",
            )
        except OSError as problem:
            self.status = 127
            yield f"{problem}\n"
            return
        with process:
            yield from process.stdout
        self.status = process.returncode

    def replay(self) -> None:
        """Show what a quiet run printed."""
        print(self.title)
        print((LOGS / f"{self.name}.log").read_text(), end="", flush=True)


SET_UP = [
    Part("environment", ["make", "--no-print-directory", "environment"]),
    Part("frontend", ["make", "--no-print-directory", "build"]),
    Part("chromium", [PYTHON, "tests/browser/chromium.py"]),
]
CHECKS = [
    Part("ruff", [PYTHON, "-m", "ruff", "check", "."]),
    Part("format", [PYTHON, "-m", "ruff", "format", "--check", "."]),
    Part("mypy", [PYTHON, "-m", "mypy"]),
    Part("tsc", ["npx", "--no-install", "tsc", "--noEmit"], where="js"),
    Part("vitest", ["npx", "--no-install", "vitest", "run"], where="js"),
    Part("tests", [*PYTEST, "gan_widgets", "tests", "--ignore=tests/browser", "--ignore=tests/package"]),
    Part("notebooks", [*PYTEST, "--nbval", "--nbval-sanitize-with=.ci/nbval.cfg", "notebooks"]),
    Part("browser", [*PYTEST, "tests/browser"]),
    Part("package", [*PYTEST, "tests/package"]),
]


def set_up() -> bool:
    """Make what the checks need; true when there is a Python environment to run them in."""
    environment, frontend, chromium = SET_UP
    with ThreadPoolExecutor(
        1
    ) as beside:  # pip mostly unpacks, npm mostly waits: together they take the longer time
        built = beside.submit(frontend.run, aloud=False)
        environment.run()
        built.result()
    frontend.replay()
    if environment.status == 0:
        chromium.run()
    return environment.status == 0


def report(checks: list[Part], seconds: float) -> bool:
    """Print the table and the totals; true when everything passed."""
    print("\n=== what ran\n")
    for part in (*SET_UP, *checks):
        print(f"{part.name:<12} {part.seconds:7.1f} s   {part.outcome}")
    print(f"{'together':<12} {seconds:7.1f} s   on {os.cpu_count()} cores; all output in .ci/out/\n")
    # a check that is no test suite counts as one test
    passed = sum(part.counts.get("passed", 0) if part.counts else int(part.status == 0) for part in checks)
    failed = sum(
        max(part.counts.get("failed", 0) + part.counts.get("error", 0), int(part.status != 0))
        for part in (*SET_UP, *checks)
    )
    print(f"{passed} passed, {failed} failed", flush=True)
    return failed == 0


def main(only: list[str]) -> int:
    """Run the parts named, or all of them; 0 when every one passed."""
    unknown = set(only) - {part.name for part in CHECKS}
    if unknown:
        known = ", ".join(part.name for part in CHECKS)
        print(f"No such check: {', '.join(sorted(unknown))}. There are: {known}.")
        return 2
    LOGS.mkdir(parents=True, exist_ok=True)
    start = time.monotonic()
    checks = [part for part in CHECKS if not only or part.name in only]
    if set_up():
        for part in checks:
            part.run()
    return 0 if report(checks, time.monotonic() - start) else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
