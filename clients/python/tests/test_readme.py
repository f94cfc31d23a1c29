from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import List

from conftest import Server, Tenant

README = Path(__file__).resolve().parent.parent / "README.md"
PARTNERS = README.parent.parent.parent / "docs" / "partners.md"


def rights_of_partners() -> List[str]:
    """The rights of the integration that the page for partners makes, to which the README points."""
    found = re.search(r"integrationCreate\(.*?permissions: (\[.*?\])", PARTNERS.read_text("utf-8"), re.S)
    assert found
    rights: List[str] = json.loads(found.group(1))
    return rights


def test_the_first_example_runs(server: Server, shop: Tenant, tmp_path: Path) -> None:
    found = re.search(r"<!-- example: first\.py -->\n```python\n(.*?)```", README.read_text("utf-8"), re.S)
    assert found
    (tmp_path / "first.py").write_text(found.group(1), "utf-8")
    env = {**os.environ, "ENTREPOT_URL": server.url, "ENTREPOT_KEY": shop.new_key(rights_of_partners()), "PYTHONPATH": str(README.parent / "src")}
    ended = subprocess.run([sys.executable, "first.py"], cwd=tmp_path, env=env, capture_output=True, text=True, timeout=60)
    assert ended.returncode == 0, ended.stderr
    expected = r"(LDN|PAR) has 10 of SKU-0\norder SO-000001: CONFIRMED\n8 levels, live\nnow 8 of SKU-0\n"
    assert re.fullmatch(expected, ended.stdout), ended.stdout
