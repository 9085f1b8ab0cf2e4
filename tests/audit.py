"""Look the locked dependencies up in PyPI's advisories, with pip-audit: `make audit`.

Exit code 1 if one has a known hole. Where the advisories cannot be had nothing was audited: that is said, and fine.
"""

import json
import subprocess
import sys
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


def main(tool: str) -> int:
    """Run pip-audit over the lock, and say what it found."""
    command = [tool, "-r", str(LOCK), "--no-deps", "--disable-pip", "-f", "json", "--progress-spinner", "off"]
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=300, check=False)
        report = json.loads(done.stdout)
    except subprocess.TimeoutExpired:
        report = {}
    except ValueError:
        print(f"audit skipped: pip-audit gave nothing: {done.stderr.strip().splitlines()[-1:]}")
        return 0
    code, lines = verdict(report)
    print("\n".join(lines))
    return code


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
