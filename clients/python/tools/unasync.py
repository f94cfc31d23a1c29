"""Writes src/entrepot/_sync.py from src/entrepot/_async.py: the same client without coroutines.

    python tools/unasync.py            writes it
    python tools/unasync.py --check    exits 1 if it differs
"""

import argparse
import re
import sys
from pathlib import Path

FOLDER = Path(__file__).resolve().parent.parent / "src" / "entrepot"
REPLACEMENTS = [
    (r'"""The async client\. .*?"""', '"""The sync client. Generated from `_async.py` by `tools/unasync.py`. Do not edit."""'),
    (r"import asyncio\nimport json\nimport time\n", "import json\nimport threading\nimport time\n"),
    (r"\basync (def|with|for)\b", r"\1"),
    (r"\bawait ", ""),
    (r"\bAsync(Entrepot|Orders|Stock|Live|Iterator)\b", r"\1"),
    (r"\bAwaitable\[(\w+)\]", r"\1"),
    (r"from typing import Any, Iterator, Awaitable, Callable, Dict, List,", "from typing import Any, Callable, Dict, Iterator, List,"),
    (r"httpx\.AsyncClient", "httpx.Client"),
    (r" +# Made at its first use: .*\n( +self\._lock): .*\n", r"\1 = threading.Lock()\n"),
    (r" +if self\._lock is None:\n +self\._lock = .*\n", ""),
    (r"asyncio\.sleep", "time.sleep"),
    (r"\b__a(enter|exit)__\b", r"__\1__"),
    (r"\ba(close|read|iter_text)\(", r"\1("),
]


def generated() -> str:
    text = (FOLDER / "_async.py").read_text("utf-8")
    for pattern, replacement in REPLACEMENTS:
        text = re.sub(pattern, replacement, text)
    return text


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--check", action="store_true", help="compare instead of writing")
    path = FOLDER / "_sync.py"
    if not parser.parse_args().check:
        path.write_text(generated(), "utf-8")
        return 0
    if path.read_text("utf-8") == generated():
        return 0
    print("src/entrepot/_sync.py does not match _async.py: run 'make clients'", file=sys.stderr)
    return 1


if __name__ == "__main__":
    sys.exit(main())
