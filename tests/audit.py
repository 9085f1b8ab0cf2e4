"""Look the locked dependencies up in PyPI's advisories, with pip-audit: `make audit`.

Exit code 1 if one has a known hole. Where the advisories cannot be had nothing was audited: that is said, and fine.
"""

import json
import subprocess
import sys
import tempfile
from pathlib import Path

LOCK = Path(__file__).parents[1] / "requirements.lock"


def verdict(report: dict) -> tuple[int, list[str]]:
    """Give the exit code and what to say of pip-audit's report."""
    packages = report.get("dependencies", [])
    audited = [package for package in packages if "vulns" in package]
    lines = [
        f"{package['name']} {package['version']}: {hole['id']}, fixed in {' or '.join(hole['fix_versions']) or 'none'}"
        for package in audited
        for hole in package["vulns"]
    ]
    if not audited:
        return 0, ["audit skipped: the advisories cannot be had from here, nothing was looked up"]
    if len(audited) < len(packages):
        lines.append(f"{len(packages) - len(audited)} packages could not be looked up")
    holes = sum(len(package["vulns"]) for package in audited)
    return int(holes > 0), [*lines, f"audit: {len(audited)} packages, {holes} known holes"]


def look_up(tool: str, requirements: Path) -> tuple[int, list[str], bool]:
    """Run pip-audit; give the exit code, what to say, and whether anything was looked up."""
    command = [tool, "-r", str(requirements), "--no-deps", "--disable-pip", "-f", "json", "--progress-spinner", "off"]
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=300, check=False)
        report = json.loads(done.stdout)
    except subprocess.TimeoutExpired:
        report = {}
    except ValueError:
        return 0, [f"audit skipped: pip-audit gave nothing: {done.stderr.strip().splitlines()[-1:]}"], False
    code, lines = verdict(report)
    return code, lines, any("vulns" in package for package in report.get("dependencies", []))


def main(tool: str) -> int:
    """Look the lock up; one package first, since where no advisories can be had each takes its time to say so."""
    with tempfile.TemporaryDirectory() as folder:
        probe = Path(folder) / "requirements.txt"
        first = next(line for line in LOCK.read_text(encoding="utf-8").splitlines() if "==" in line)
        probe.write_text(first.split()[0] + "\n", encoding="utf-8")
        code, lines, looked_up = look_up(tool, probe)
    if looked_up:
        code, lines, _ = look_up(tool, LOCK)
    print("\n".join(lines))
    return code


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
